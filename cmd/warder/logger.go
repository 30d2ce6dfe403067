package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"

	"warder/internal/guess"
)

// logFlags are the log's.
type logFlags struct {
	level, format string
	set           *pflag.FlagSet
}

func (f *logFlags) define(fs *pflag.FlagSet) {
	f.set = fs
	fs.StringVar(&f.level, "log-level", "error", "log to standard error from `LEVEL` on: debug, info, warn, error or off")
	fs.StringVar(&f.format, "log-format", "", "console or json; the default is console on a terminal, json elsewhere")
}

// logger makes the log, or nil where nobody asked for one: what goes wrong is
// told on standard error anyway.
func (f *logFlags) logger() (zapcore.Core, error) {
	switch f.format {
	case "", "console", "json":
	default:
		return nil, fmt.Errorf("--log-format %q: want console or json%s", f.format, guess.Hint(f.format, []string{"console", "json"}))
	}
	if f.level == "off" || !f.set.Changed("log-level") {
		return nil, nil
	}
	level, err := zapcore.ParseLevel(f.level)
	if err != nil || level < zapcore.DebugLevel || level > zapcore.ErrorLevel {
		words := []string{"debug", "info", "warn", "error", "off"}
		return nil, errors.New("--log-level " + fmt.Sprintf("%q: want debug, info, warn, error or off%s", f.level, guess.Hint(f.level, words)))
	}
	config := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", MessageKey: "msg", NameKey: "logger",
		EncodeTime:     zapcore.TimeEncoderOfLayout(time.RFC3339Nano),
		EncodeLevel:    zapcore.LowercaseLevelEncoder,
		EncodeDuration: zapcore.SecondsDurationEncoder,
	}
	format := f.format
	if format == "" {
		format = "json"
		if _, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS); err == nil {
			format = "console"
		}
	}
	encoder := zapcore.NewJSONEncoder(config)
	if format == "console" {
		encoder = zapcore.NewConsoleEncoder(config)
	}
	return zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level), nil
}
