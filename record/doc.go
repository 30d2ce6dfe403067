// Package record publishes how a session ended: one readable line, an exit
// status, and a report for programs.
//
//	launch -> stop -> decode -> decide -> act -> record
//
// Every text here may come from the held program: file names, paths in its
// calls, names of its mappings. Clean makes each fit for a terminal before it
// leaves, in the line and in the reports alike, so that nothing a program is
// called or maps can move a cursor, colour a screen or end a line.
//
// Limits: Clean is not injective. A backslash is left alone, so a name that
// holds a real escape character and one that spells it out look the same; the
// raw register values of a violation are in its args. The isolate and go-judge
// formats have fewer outcomes than warder: see Isolate and GoJudge for what is
// mapped to what. Metrics are in record/metrics, which this package does not
// import.
package record
