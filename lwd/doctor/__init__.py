"""`lwd doctor`: whether a machine and an installation are as unattended service needs them.

findings says what a check tells, commands is how the system is asked, machine looks at the machine,
installation at lwd itself and ports at who has its ports.
"""
