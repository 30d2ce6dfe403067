package decode

import "warder/abi"

// timeForms are clocks, timers and sleeping.
func timeForms() map[string]*form {
	return map[string]*form{
		"adjtimex":               {args: [6]*shape{0: timexOut}, result: clockState},
		"clock_adjtime":          {args: [6]*shape{1: timexOut}, result: clockState},
		"clock_getres":           {args: [6]*shape{1: timeOut}},
		"clock_getres_time64":    {args: [6]*shape{1: timeOut}},
		"clock_gettime":          {args: [6]*shape{1: timeOut}},
		"clock_gettime64":        {args: [6]*shape{1: timeOut}},
		"clock_nanosleep":        {args: [6]*shape{3: remainder}},
		"clock_nanosleep_time64": {args: [6]*shape{3: remainder}},
		"getitimer":              {args: [6]*shape{1: out("struct itimerval", itimerval)}},
		"gettimeofday":           {args: [6]*shape{0: out("struct timeval", timevalOut), 1: out("struct timezone", timezone)}},
		"nanosleep":              {args: [6]*shape{1: remainder}},
		"setitimer":              {args: [6]*shape{1: in("struct itimerval", itimerval), 2: out("struct itimerval", itimerval)}},
		"settimeofday":           {args: [6]*shape{1: in("struct timezone", timezone)}},
		"time":                   {args: [6]*shape{0: out("time", timeAt)}, result: timeResult},
		"times":                  {args: [6]*shape{0: out("struct tms", tms)}},
		"timer_create":           {args: [6]*shape{1: in("struct sigevent", sigevent), 2: out("timer", intAt)}},
		"timer_gettime":          {args: [6]*shape{1: itimerspecOut}},
		"timer_gettime64":        {args: [6]*shape{1: itimerspecOut}},
		"timer_settime":          {args: [6]*shape{2: itimerspecIn, 3: itimerspecOut}},
		"timer_settime64":        {args: [6]*shape{2: itimerspecIn, 3: itimerspecOut}},
		"timerfd_create":         {result: resultFD},
		"timerfd_gettime":        {args: [6]*shape{1: itimerspecOut}},
		"timerfd_gettime64":      {args: [6]*shape{1: itimerspecOut}},
		"timerfd_settime":        {args: [6]*shape{2: itimerspecIn, 3: itimerspecOut}},
		"timerfd_settime64":      {args: [6]*shape{2: itimerspecIn, 3: itimerspecOut}},
		"utimensat_time64":       {args: [6]*shape{2: in("struct timespec[2]", fileTimespecs)}},

		"sched_rr_get_interval":        {args: [6]*shape{1: timeOut}},
		"sched_rr_get_interval_time64": {args: [6]*shape{1: timeOut}},
	}
}

var (
	timeOut       = out("struct timespec", timespecOut)
	itimerspecIn  = in("struct itimerspec", itimerspec)
	itimerspecOut = out("struct itimerspec", itimerspec)
	timexOut      = out("struct timex", timex)
	// What is left of a sleep is written only when a signal ended it.
	remainder = &shape{
		doc: "struct timespec",
		leave: func(d *decoder, i int) {
			if d.failed && interrupted(d.result) {
				d.timespecAt(d.value(i), nanoseconds)
				return
			}
			d.pointer(d.value(i))
		},
		failed: true,
	}
)

// interrupted says whether an error is one of those that a signal causes.
func interrupted(errno uint64) bool {
	const eintr, restartBlock, restartNoHandler = 4, 516, 514
	return errno == eintr || errno == restartBlock || errno == restartNoHandler
}

func timezone(d *decoder, addr uint64) {
	p, ok := d.block(addr, 8)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{tz_minuteswest=")
	d.int32(u32(p, 0))
	d.lit(", tz_dsttime=")
	d.int32(u32(p, 4))
	d.byte('}')
}

func timeAt(d *decoder, addr uint64) {
	d.bracket(addr, d.word, func(p []byte) {
		sec := d.slong(p, 0)
		d.int(sec)
		d.date(sec, 0, 0)
	})
}

func timeResult(d *decoder) {
	d.aside(func() {
		if sec := int64(d.result); sec > 0 && sec < 1<<40 {
			d.stamp(sec, 0, 0)
		}
	})
}

func tms(d *decoder, addr uint64) {
	p, ok := d.block(addr, 4*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	for i, name := range [...]string{"{tms_utime=", ", tms_stime=", ", tms_cutime=", ", tms_cstime="} {
		d.lit(name)
		d.ticks(d.slong(p, i))
	}
	d.byte('}')
}

// ticks prints clock ticks, of which every architecture has a hundred a
// second (USER_HZ), with the seconds beside.
func (d *decoder) ticks(n int64) {
	d.int(n)
	if n == 0 {
		return
	}
	d.lit(" /* ")
	if n < 0 {
		d.byte('-')
		n = -n
	}
	u := uint64(n)
	d.uint(u / 100)
	if rest := u % 100; rest != 0 {
		d.byte('.')
		d.byte('0' + byte(rest/10))
		d.byte('0' + byte(rest%10))
	}
	d.lit(" s */")
}

// timex prints a struct timex of linux/timex.h in the 64-bit layout.
func timex(d *decoder, addr uint64) {
	if d.word == 4 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 208)
	if !ok {
		d.pointer(addr)
		return
	}
	const setNano = 0x2000 // STA_NANO: the time is in nanoseconds
	status := u32(p, 40)
	d.lit("{modes=")
	d.named(abi.AdjustModes, u32(p, 0))
	for i, name := range [...]string{", offset=", ", freq=", ", maxerror=", ", esterror="} {
		d.lit(name)
		d.int(int64(u64(p, 8+8*i)))
	}
	d.lit(", status=")
	d.named(abi.AdjustStatus, status)
	for i, name := range [...]string{", constant=", ", precision=", ", tolerance="} {
		d.lit(name)
		d.int(int64(u64(p, 48+8*i)))
	}
	d.lit(", time=")
	if status&setNano != 0 {
		d.time(p[72:], 8, nanoseconds)
	} else {
		d.time(p[72:], 8, microseconds)
	}
	d.lit(", tick=")
	d.int(int64(u64(p, 88)))
	d.lit(", ppsfreq=")
	d.int(int64(u64(p, 96)))
	d.lit(", jitter=")
	d.int(int64(u64(p, 104)))
	d.lit(", shift=")
	d.int32(u32(p, 112))
	for i, name := range [...]string{", stabil=", ", jitcnt=", ", calcnt=", ", errcnt=", ", stbcnt="} {
		d.lit(name)
		d.int(int64(u64(p, 120+8*i)))
	}
	d.lit(", tai=")
	d.int32(u32(p, 160))
	d.byte('}')
}

func clockState(d *decoder) {
	d.aside(func() {
		d.one([]string{"TIME_OK", "TIME_INS", "TIME_DEL", "TIME_OOP", "TIME_WAIT", "TIME_ERROR"}, d.result)
	})
}

// sigevent prints a struct sigevent: the value, then signal and way of
// notification (asm-generic/siginfo.h).
func sigevent(d *decoder, addr uint64) {
	p, ok := d.block(addr, 3*d.word+8)
	if !ok {
		d.pointer(addr)
		return
	}
	const bySignal, none, byThread, toThread = 0, 1, 2, 4
	how := u32(p, d.word+4)
	d.byte('{')
	if value := d.long(p, 0); value != 0 {
		d.lit("sigev_value={sival_int=")
		d.int32(value)
		d.lit(", sival_ptr=")
		d.pointer(value)
		d.lit("}, ")
	}
	d.lit("sigev_signo=")
	if how == bySignal || how == toThread {
		d.signal(uint64(int64(int32(u32(p, d.word)))))
	} else {
		d.int32(u32(p, d.word))
	}
	d.lit(", sigev_notify=")
	switch how {
	case bySignal:
		d.lit("SIGEV_SIGNAL")
	case none:
		d.lit("SIGEV_NONE")
	case byThread:
		d.lit("SIGEV_THREAD, sigev_notify_function=")
		d.pointer(d.long(p[d.word+8:], 0))
		d.lit(", sigev_notify_attributes=")
		d.pointer(d.long(p[d.word+8:], 1))
	case toThread:
		d.lit("SIGEV_THREAD_ID, sigev_notify_thread_id=")
		d.int32(u32(p, d.word+8))
	default:
		d.hex(how)
		d.lit(" /* SIGEV_??? */")
	}
	d.byte('}')
}
