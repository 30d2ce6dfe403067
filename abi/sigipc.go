package abi

// ipcSignatures: System V IPC and POSIX message queues.
var ipcSignatures = []Signature{
	{"mq_getsetattr", []Arg{{"mqdes", FD, 32, true, 0}, {"mqstat", Ptr, 64, false, 0}, {"omqstat", Ptr, 64, false, 0}}, Desc | IPC},
	{"mq_notify", []Arg{{"mqdes", FD, 32, true, 0}, {"notification", Ptr, 64, false, 0}}, Desc | IPC},
	{"mq_open", []Arg{
		{"name", Str, 64, false, 0}, {"oflag", Flags, 32, true, OpenFlags}, {"mode", Mode, 16, false, 0}, {"attr", Ptr, 64, false, 0},
	}, Desc | IPC},
	{"mq_timedreceive", []Arg{
		{"mqdes", FD, 32, true, 0},
		{"msg_ptr", OutBuf, 64, false, 0},
		{"msg_len", Size, 64, false, 0},
		{"msg_prio", Ptr, 64, false, 0},
		{"abs_timeout", Timespec, 64, false, 0},
	}, Desc | IPC},
	{"mq_timedsend", []Arg{
		{"mqdes", FD, 32, true, 0},
		{"msg_ptr", Buf, 64, false, 0},
		{"msg_len", Size, 64, false, 0},
		{"msg_prio", Uint, 32, false, 0},
		{"abs_timeout", Timespec, 64, false, 0},
	}, Desc | IPC},
	{"mq_unlink", []Arg{{"name", Str, 64, false, 0}}, IPC},
	{"msgctl", []Arg{{"msqid", Int, 32, true, 0}, {"cmd", Enum, 32, true, IPCCmds}, {"buf", Ptr, 64, false, 0}}, IPC},
	{"msgget", []Arg{{"key", Hex, 32, true, 0}, {"msgflg", Flags, 32, true, IPCFlags}}, IPC},
	{"msgrcv", []Arg{
		{"msqid", Int, 32, true, 0},
		{"msgp", Ptr, 64, false, 0},
		{"msgsz", Size, 64, false, 0},
		{"msgtyp", Int, 64, true, 0},
		{"msgflg", Flags, 32, true, MsgIPCFlags},
	}, IPC},
	{"msgsnd", []Arg{
		{"msqid", Int, 32, true, 0}, {"msgp", Ptr, 64, false, 0}, {"msgsz", Size, 64, false, 0}, {"msgflg", Flags, 32, true, MsgIPCFlags},
	}, IPC},
	{"semctl", []Arg{{"semid", Int, 32, true, 0}, {"semnum", Int, 32, true, 0}, {"cmd", Enum, 32, true, IPCCmds}, {"arg", Hex, 64, false, 0}}, IPC},
	{"semget", []Arg{{"key", Hex, 32, true, 0}, {"nsems", Int, 32, true, 0}, {"semflg", Flags, 32, true, IPCFlags}}, IPC},
	{"semop", []Arg{{"semid", Int, 32, true, 0}, {"tsops", Ptr, 64, false, 0}, {"nsops", Uint, 32, false, 0}}, IPC},
	{"semtimedop", []Arg{
		{"semid", Int, 32, true, 0}, {"tsops", Ptr, 64, false, 0}, {"nsops", Uint, 32, false, 0}, {"timeout", Timespec, 64, false, 0},
	}, IPC},
	{"shmat", []Arg{{"shmid", Int, 32, true, 0}, {"shmaddr", Ptr, 64, false, 0}, {"shmflg", Flags, 32, true, ShmatFlags}}, Memory | IPC},
	{"shmctl", []Arg{{"shmid", Int, 32, true, 0}, {"cmd", Enum, 32, true, IPCCmds}, {"buf", Ptr, 64, false, 0}}, IPC},
	{"shmdt", []Arg{{"shmaddr", Ptr, 64, false, 0}}, Memory | IPC},
	{"shmget", []Arg{{"key", Hex, 32, true, 0}, {"size", Size, 64, false, 0}, {"shmflg", Flags, 32, true, IPCFlags}}, IPC},
}
