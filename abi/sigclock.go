package abi

// clockSignatures: clocks and timers.
var clockSignatures = []Signature{
	{"adjtimex", []Arg{{"txc_p", Ptr, 64, false, 0}}, Clock},
	{"alarm", []Arg{{"seconds", Uint, 32, false, 0}}, Clock},
	{"clock_adjtime", []Arg{{"which_clock", ClockID, 32, true, Clocks}, {"utx", Ptr, 64, false, 0}}, Clock},
	{"clock_getres", []Arg{{"which_clock", ClockID, 32, true, Clocks}, {"tp", Ptr, 64, false, 0}}, Clock},
	{"clock_gettime", []Arg{{"which_clock", ClockID, 32, true, Clocks}, {"tp", Ptr, 64, false, 0}}, Clock},
	{"clock_nanosleep", []Arg{
		{"which_clock", ClockID, 32, true, Clocks},
		{"flags", Flags, 32, true, TimerFlags},
		{"rqtp", Timespec, 64, false, 0},
		{"rmtp", Ptr, 64, false, 0},
	}, Clock},
	{"clock_settime", []Arg{{"which_clock", ClockID, 32, true, Clocks}, {"tp", Timespec, 64, false, 0}}, Clock},
	{"getitimer", []Arg{{"which", Enum, 32, true, ItimerWhich}, {"value", Ptr, 64, false, 0}}, Clock},
	{"gettimeofday", []Arg{{"tv", Ptr, 64, false, 0}, {"tz", Ptr, 64, false, 0}}, Clock},
	{"nanosleep", []Arg{{"rqtp", Timespec, 64, false, 0}, {"rmtp", Ptr, 64, false, 0}}, Clock},
	{"setitimer", []Arg{{"which", Enum, 32, true, ItimerWhich}, {"value", Ptr, 64, false, 0}, {"ovalue", Ptr, 64, false, 0}}, Clock},
	{"settimeofday", []Arg{{"tv", Timeval, 64, false, 0}, {"tz", Ptr, 64, false, 0}}, Clock},
	{"time", []Arg{{"tloc", Ptr, 64, false, 0}}, Clock},
	{"timer_create", []Arg{
		{"which_clock", ClockID, 32, true, Clocks}, {"timer_event_spec", Ptr, 64, false, 0}, {"created_timer_id", Ptr, 64, false, 0},
	}, Clock},
	{"timer_delete", []Arg{{"timer_id", Int, 32, true, 0}}, Clock},
	{"timer_getoverrun", []Arg{{"timer_id", Int, 32, true, 0}}, Clock},
	{"timer_gettime", []Arg{{"timer_id", Int, 32, true, 0}, {"setting", Ptr, 64, false, 0}}, Clock},
	{"timer_settime", []Arg{
		{"timer_id", Int, 32, true, 0},
		{"flags", Flags, 32, true, TimerFlags},
		{"new_setting", Ptr, 64, false, 0},
		{"old_setting", Ptr, 64, false, 0},
	}, Clock},
	{"timerfd_create", []Arg{{"clockid", ClockID, 32, true, Clocks}, {"flags", Flags, 32, true, TimerfdFlags}}, Desc | Clock},
	{"timerfd_gettime", []Arg{{"ufd", FD, 32, true, 0}, {"otmr", Ptr, 64, false, 0}}, Desc | Clock},
	{"timerfd_settime", []Arg{
		{"ufd", FD, 32, true, 0}, {"flags", Flags, 32, true, TimerfdSetFlags}, {"utmr", Ptr, 64, false, 0}, {"otmr", Ptr, 64, false, 0},
	}, Desc | Clock},
	{"times", []Arg{{"tbuf", Ptr, 64, false, 0}}, Clock},
}
