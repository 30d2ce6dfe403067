package tracer

import (
	"time"

	"go.uber.org/zap/zapcore"
)

// The session logs through zap's core alone: package zap itself brings an HTTP
// handler, and with it net/http, into every short run's start-up.

func text(key, v string) zapcore.Field {
	return zapcore.Field{Key: key, Type: zapcore.StringType, String: v}
}

func number(key string, v int64) zapcore.Field {
	return zapcore.Field{Key: key, Type: zapcore.Int64Type, Integer: v}
}

func seconds(key string, v time.Duration) zapcore.Field {
	return zapcore.Field{Key: key, Type: zapcore.DurationType, Integer: int64(v)}
}

// log writes one entry. Fields are made by f only if the level is on.
func (s *session) log(level zapcore.Level, message string, f func() []zapcore.Field) {
	core := s.cfg.Log
	if core == nil || !core.Enabled(level) {
		return
	}
	entry := zapcore.Entry{Level: level, Time: time.Now(), LoggerName: "warder", Message: message}
	var fields []zapcore.Field
	if f != nil {
		fields = f()
	}
	if ce := core.Check(entry, nil); ce != nil {
		ce.Write(fields...)
	}
}

// logEnd is the one line of every session.
func (s *session) logEnd() {
	s.log(zapcore.InfoLevel, "session end", func() []zapcore.Field {
		r := &s.result
		return []zapcore.Field{
			text("status", r.Outcome.String()), text("program", s.cfg.Path), number("pid", int64(s.root)),
			number("exit_code", int64(r.ExitCode)), number("signal", int64(r.Signal)),
			seconds("cpu_time", r.CPU()), seconds("wall_time", r.Wall),
			number("max_rss_bytes", r.MaxRSS), number("output_bytes", r.OutputBytes), number("stops", int64(r.Stops)),
		}
	})
}
