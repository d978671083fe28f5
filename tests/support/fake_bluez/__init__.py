"""A scripted org.bluez on a private message bus: for bleak and our own BlueZ code, both real."""
