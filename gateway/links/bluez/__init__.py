"""BlueZ itself, beside bleak: agent, standing subscriptions, guard. The home of dbus-fast."""
