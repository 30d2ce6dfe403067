package abi

// Constants of signals and timers, in the order in which they are printed.

var sigHowValues = []constant{
	{"SIG_BLOCK", 0}, {"SIG_UNBLOCK", 1}, {"SIG_SETMASK", 2},
}

var saFlagsBits = []constant{
	{"SA_RESTORER", 0x4000000},
	{"SA_ONSTACK", 0x8000000},
	{"SA_RESTART", 0x10000000},
	{"SA_INTERRUPT", 0x20000000},
	{"SA_NODEFER", 0x40000000},
	{"SA_RESETHAND", 0x80000000},
	{"SA_NOCLDSTOP", 1},
	{"SA_NOCLDWAIT", 2},
	{"SA_SIGINFO", 4},
	{"SA_UNSUPPORTED", 0x400},
	{"SA_EXPOSE_TAGBITS", 0x800},
}

var signalfdFlagsBits = []constant{
	{"SFD_CLOEXEC", 0x80000}, {"SFD_NONBLOCK", 0x800},
}

var timerfdFlagsBits = []constant{
	{"TFD_CLOEXEC", 0x80000}, {"TFD_NONBLOCK", 0x800},
}

var timerfdSetFlagsBits = []constant{
	{"TFD_TIMER_ABSTIME", 1}, {"TFD_TIMER_CANCEL_ON_SET", 2},
}

var timerFlagsBits = []constant{
	{"TIMER_ABSTIME", 1},
}

var clocksValues = []constant{
	{"CLOCK_REALTIME", 0},
	{"CLOCK_MONOTONIC", 1},
	{"CLOCK_PROCESS_CPUTIME_ID", 2},
	{"CLOCK_THREAD_CPUTIME_ID", 3},
	{"CLOCK_MONOTONIC_RAW", 4},
	{"CLOCK_REALTIME_COARSE", 5},
	{"CLOCK_MONOTONIC_COARSE", 6},
	{"CLOCK_BOOTTIME", 7},
	{"CLOCK_REALTIME_ALARM", 8},
	{"CLOCK_BOOTTIME_ALARM", 9},
	{"CLOCK_SGI_CYCLE", 0xa},
	{"CLOCK_TAI", 0xb},
}

var itimerWhichValues = []constant{
	{"ITIMER_REAL", 0}, {"ITIMER_VIRTUAL", 1}, {"ITIMER_PROF", 2},
}
