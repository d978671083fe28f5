"""The words hub and clinic share. Pure: no socket, clock, disk or log in any module here."""
