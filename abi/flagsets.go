package abi

// The flag sets. Each comment names the manual page or header.
const (
	OpenFlags             FlagSet = iota + 1 // open(2), fcntl.h; x86 values
	OpenFlagsARM                             // the same on arm64 (arch/arm64 uapi fcntl.h)
	PipeFlags                                // pipe2(2), dup3(2)
	PipeFlagsARM                             // the same on arm64
	AtFlags                                  // linux/fcntl.h
	AccessAtFlags                            // faccessat2(2)
	UnlinkFlags                              // unlinkat(2)
	AccessModes                              // access(2)
	StatxMask                                // statx(2), linux/stat.h
	RenameFlags                              // renameat2(2)
	Whence                                   // lseek(2)
	FallocFlags                              // linux/falloc.h
	FadviseAdvice                            // linux/fadvise.h
	SyncRangeFlags                           // sync_file_range(2)
	FlockOps                                 // flock(2)
	FcntlCmds                                // fcntl(2), linux/fcntl.h
	FDFlags                                  // fcntl F_SETFD
	SealFlags                                // fcntl F_ADD_SEALS
	RwfFlags                                 // preadv2(2)
	SpliceFlags                              // splice(2)
	CloseRangeFlags                          // close_range(2)
	EventfdFlags                             // eventfd(2)
	EpollCreateFlags                         // epoll_create1(2)
	EpollOps                                 // epoll_ctl(2)
	EpollEvents                              // epoll_ctl(2)
	PollEvents                               // poll(2)
	InotifyFlags                             // inotify_init1(2)
	InotifyMask                              // inotify(7)
	XattrFlags                               // setxattr(2)
	MemfdFlags                               // memfd_create(2)
	RandomFlags                              // getrandom(2)
	ResolveFlags                             // openat2(2)
	LockTypes                                // fcntl F_SETLK, F_SETLEASE
	IoctlCmds                                // ioctl_list(2); asm-generic/ioctls.h, linux/fs.h, linux/random.h, linux/seccomp.h
	ProtFlags                                // mmap(2), mprotect(2)
	MapFlags                                 // mmap(2); the low four bits are the type
	MremapFlags                              // mremap(2)
	MsyncFlags                               // msync(2)
	MadviseAdvice                            // madvise(2)
	MlockFlags                               // mlock2(2)
	MlockallFlags                            // mlockall(2)
	MempolicyModes                           // set_mempolicy(2)
	MbindFlags                               // mbind(2), move_pages(2)
	GetMempolicyFlags                        // get_mempolicy(2)
	PkeyRights                               // pkeys(7)
	MembarrierCmds                           // linux/membarrier.h
	MembarrierFlags                          // linux/membarrier.h
	ShadowStackFlags                         // asm/mman.h
	UserfaultfdFlags                         // userfaultfd(2)
	CloneFlags                               // clone(2), linux/sched.h; the low byte is the signal sent at the end, printed last
	UnshareFlags                             // unshare(2), setns(2)
	WaitFlags                                // wait(2)
	WaitIDTypes                              // waitid(2)
	FutexOps                                 // futex(2), linux/futex.h
	Futex2Flags                              // futex_wait and its relatives
	Resources                                // getrlimit(2)
	RusageWho                                // getrusage(2)
	PriorityWhich                            // getpriority(2)
	IoprioWhich                              // ioprio_set(2)
	SchedPolicies                            // sched(7)
	Personalities                            // personality(2)
	KcmpTypes                                // kcmp(2)
	PidfdFlags                               // pidfd_open(2)
	RseqFlags                                // linux/rseq.h
	PtraceRequests                           // ptrace(2)
	Clone3Flags                              // clone3(2); the signal is elsewhere, so its byte holds flags
	PtraceOptions                            // ptrace(2), PTRACE_SETOPTIONS
	PrctlOptions                             // prctl(2), linux/prctl.h
	ArchPrctlCodes                           // arch_prctl(2), x86
	SeccompOps                               // seccomp(2)
	SeccompFlags                             // seccomp(2)
	LandlockCreateFlags                      // linux/landlock.h
	LandlockRestrictFlags                    // linux/landlock.h
	LandlockRuleTypes                        // linux/landlock.h
	Capabilities                             // capabilities(7)
	SeccompModes                             // prctl(2), PR_SET_SECCOMP
	AmbientOps                               // prctl(2), PR_CAP_AMBIENT
	TSCModes                                 // prctl(2), PR_SET_TSC
	SocketFamilies                           // socket(2)
	SocketTypes                              // socket(2); the low four bits are the type
	SocketProtocols                          // ip(7); meaningful for AF_INET and AF_INET6
	SockFlags                                // accept4(2)
	MsgFlags                                 // send(2), recv(2)
	ShutdownHow                              // shutdown(2)
	SockLevels                               // setsockopt(2)
	SockOptions                              // socket(7); meaningful at level SOL_SOCKET
	NetlinkProtocols                         // netlink(7)
	TCPOptions                               // tcp(7)
	SigHow                                   // sigprocmask(2)
	SaFlags                                  // sigaction(2)
	SignalfdFlags                            // signalfd(2)
	TimerfdFlags                             // timerfd_create(2)
	TimerfdSetFlags                          // timerfd_settime(2)
	TimerFlags                               // timer_settime(2), clock_nanosleep(2)
	Clocks                                   // clock_gettime(2)
	ItimerWhich                              // getitimer(2)
	IPCFlags                                 // shmget(2), semget(2), msgget(2); the low nine bits are a mode
	ShmatFlags                               // shmat(2)
	MsgIPCFlags                              // msgsnd(2), msgrcv(2)
	IPCCmds                                  // shmctl(2), semctl(2), msgctl(2); 11 to 19 are semctl's, so SHM_LOCK prints as GETPID
	KeyctlCmds                               // keyctl(2)
	MountFlags                               // mount(2)
	UmountFlags                              // umount(2)
	OpenTreeFlags                            // linux/mount.h
	MoveMountFlags                           // linux/mount.h
	FsopenFlags                              // linux/mount.h
	FsmountFlags                             // linux/mount.h
	MountAttrs                               // linux/mount.h
	FspickFlags                              // linux/mount.h
	FsconfigCmds                             // linux/mount.h
	SwapFlags                                // swapon(2)
	BpfCmds                                  // bpf(2)
	PerfFlags                                // perf_event_open(2)
	RebootMagic                              // reboot(2)
	RebootCmds                               // reboot(2)
	ModuleFlags                              // finit_module(2)
	SyslogTypes                              // syslog(2)
	FSTypes                                  // statfs(2), linux/magic.h
	StatfsFlags                              // statfs(2), linux/statfs.h
	StatxAttrs                               // statx(2), linux/stat.h
	OpenBits                                 // pipe2(2), dup3(2): open's flags without an access mode
	NotifyFlags                              // fcntl F_NOTIFY, linux/fcntl.h
	InodeFlags                               // FS_IOC_GETFLAGS, linux/fs.h
	RingFlags                                // io_uring_setup(2), linux/io_uring.h
	RingFeatures                             // io_uring_setup(2), linux/io_uring.h
	TermInput                                // termios(3), asm-generic/termbits.h
	TermOutput                               // termios(3); its delays are not here
	TermControl                              // termios(3); speed and character size are not here
	TermSpeeds                               // termios(3)
	TermLocal                                // termios(3)
	ModemLines                               // TIOCMGET of ioctl_tty(2)
	IPOptions                                // ip(7); meaningful at level SOL_IP
	IPv6Options                              // ipv6(7); meaningful at level SOL_IPV6
	UDPOptions                               // udp(7), linux/udp.h; meaningful at level SOL_UDP
	PacketOptions                            // packet(7); meaningful at level SOL_PACKET
	NetlinkOptions                           // netlink(7); meaningful at level SOL_NETLINK
	EtherTypes                               // linux/if_ether.h
	ArpHardware                              // linux/if_arp.h
	ControlTypes                             // unix(7), socket(7): ancillary data at level SOL_SOCKET
	InterfaceFlags                           // netdevice(7), linux/if.h
	AdjustModes                              // adjtimex(2), linux/timex.h
	AdjustStatus                             // adjtimex(2), linux/timex.h
	StackFlags                               // sigaltstack(2)
	WaitOptions                              // wait4(2): as WaitFlags, with the name that waitid(2) has for one
	SchedFlags                               // sched_setattr(2)
	MembarrierBits                           // membarrier(2): what MEMBARRIER_CMD_QUERY answers
	XFeatures                                // ARCH_GET_XCOMP_PERM, asm/fpu/types.h
	SemopFlags                               // semop(2)
	SecureBits                               // capabilities(7), PR_SET_SECUREBITS
	MemoryMapFields                          // PR_SET_MM of prctl(2)
	Speculation                              // PR_GET_SPECULATION_CTRL of prctl(2)
	SeccompActions                           // seccomp(2), linux/seccomp.h
	LandlockAccess                           // landlock(7), linux/landlock.h
	LandlockNet                              // landlock(7), linux/landlock.h
	LandlockScopes                           // landlock(7), linux/landlock.h
)

var sets = []set{
	OpenFlags:             {field: 3, values: openFlagsValues, bits: openFlagsBits},
	OpenFlagsARM:          {field: 3, values: openFlagsARMValues, bits: openFlagsARMBits},
	PipeFlags:             {bits: pipeFlagsBits},
	PipeFlagsARM:          {bits: pipeFlagsARMBits},
	AtFlags:               {bits: atFlagsBits},
	AccessAtFlags:         {bits: accessAtFlagsBits},
	UnlinkFlags:           {bits: unlinkFlagsBits},
	AccessModes:           {values: accessModesValues, bits: accessModesBits},
	StatxMask:             {bits: statxMaskBits},
	RenameFlags:           {bits: renameFlagsBits},
	Whence:                {field: ^uint64(0), values: whenceValues},
	FallocFlags:           {bits: fallocFlagsBits},
	FadviseAdvice:         {field: ^uint64(0), values: fadviseAdviceValues},
	SyncRangeFlags:        {bits: syncRangeFlagsBits},
	FlockOps:              {bits: flockOpsBits},
	FcntlCmds:             {field: ^uint64(0), values: fcntlCmdsValues},
	FDFlags:               {bits: fDFlagsBits},
	SealFlags:             {bits: sealFlagsBits},
	RwfFlags:              {bits: rwfFlagsBits},
	SpliceFlags:           {bits: spliceFlagsBits},
	CloseRangeFlags:       {bits: closeRangeFlagsBits},
	EventfdFlags:          {bits: eventfdFlagsBits},
	EpollCreateFlags:      {bits: epollCreateFlagsBits},
	EpollOps:              {field: ^uint64(0), values: epollOpsValues},
	EpollEvents:           {bits: epollEventsBits},
	PollEvents:            {bits: pollEventsBits},
	InotifyFlags:          {bits: inotifyFlagsBits},
	InotifyMask:           {bits: inotifyMaskBits},
	XattrFlags:            {bits: xattrFlagsBits},
	MemfdFlags:            {bits: memfdFlagsBits},
	RandomFlags:           {bits: randomFlagsBits},
	ResolveFlags:          {bits: resolveFlagsBits},
	LockTypes:             {field: ^uint64(0), values: lockTypesValues},
	IoctlCmds:             {field: ^uint64(0), values: ioctlCmdsValues},
	ProtFlags:             {values: protFlagsValues, bits: protFlagsBits},
	MapFlags:              {field: 0xf, values: mapFlagsValues, bits: mapFlagsBits},
	MremapFlags:           {bits: mremapFlagsBits},
	MsyncFlags:            {bits: msyncFlagsBits},
	MadviseAdvice:         {field: ^uint64(0), values: madviseAdviceValues},
	MlockFlags:            {bits: mlockFlagsBits},
	MlockallFlags:         {bits: mlockallFlagsBits},
	MempolicyModes:        {field: 0xfff, values: mempolicyModesValues, bits: mempolicyModesBits},
	MbindFlags:            {bits: mbindFlagsBits},
	GetMempolicyFlags:     {bits: getMempolicyFlagsBits},
	PkeyRights:            {bits: pkeyRightsBits},
	MembarrierCmds:        {field: ^uint64(0), values: membarrierCmdsValues},
	MembarrierFlags:       {bits: membarrierFlagsBits},
	ShadowStackFlags:      {bits: shadowStackFlagsBits},
	UserfaultfdFlags:      {bits: userfaultfdFlagsBits},
	CloneFlags:            {field: 0xff, form: signalLast, bits: cloneFlagsBits},
	UnshareFlags:          {bits: unshareFlagsBits},
	WaitFlags:             {bits: waitFlagsBits},
	WaitIDTypes:           {field: ^uint64(0), values: waitIDTypesValues},
	FutexOps:              {field: ^uint64(0x100), values: futexOpsValues, bits: futexOpsBits},
	Futex2Flags:           {field: 3, values: futex2FlagsValues, bits: futex2FlagsBits},
	Resources:             {field: ^uint64(0), values: resourcesValues},
	RusageWho:             {field: ^uint64(0), values: rusageWhoValues},
	PriorityWhich:         {field: ^uint64(0), values: priorityWhichValues},
	IoprioWhich:           {field: ^uint64(0), values: ioprioWhichValues},
	SchedPolicies:         {field: ^uint64(0x40000000), values: schedPoliciesValues, bits: schedPoliciesBits},
	Personalities:         {field: 0xff, values: personalitiesValues, bits: personalitiesBits},
	KcmpTypes:             {field: ^uint64(0), values: kcmpTypesValues},
	PidfdFlags:            {bits: pidfdFlagsBits},
	RseqFlags:             {bits: rseqFlagsBits},
	PtraceRequests:        {field: ^uint64(0), values: ptraceRequestsValues},
	Clone3Flags:           {bits: clone3FlagsBits},
	PtraceOptions:         {bits: ptraceOptionsBits},
	PrctlOptions:          {field: ^uint64(0), values: prctlOptionsValues},
	ArchPrctlCodes:        {field: ^uint64(0), values: archPrctlCodesValues},
	SeccompOps:            {field: ^uint64(0), values: seccompOpsValues},
	SeccompFlags:          {bits: seccompFlagsBits},
	LandlockCreateFlags:   {bits: landlockCreateFlagsBits},
	LandlockRestrictFlags: {bits: landlockRestrictFlagsBits},
	LandlockRuleTypes:     {field: ^uint64(0), values: landlockRuleTypesValues},
	Capabilities:          {field: ^uint64(0), values: capabilitiesValues},
	SeccompModes:          {field: ^uint64(0), values: seccompModesValues},
	AmbientOps:            {field: ^uint64(0), values: ambientOpsValues},
	TSCModes:              {field: ^uint64(0), values: tSCModesValues},
	SocketFamilies:        {field: ^uint64(0), values: socketFamiliesValues},
	SocketTypes:           {field: 0xf, values: socketTypesValues, bits: socketTypesBits},
	SocketProtocols:       {field: ^uint64(0), values: socketProtocolsValues},
	SockFlags:             {bits: sockFlagsBits},
	MsgFlags:              {bits: msgFlagsBits},
	ShutdownHow:           {field: ^uint64(0), values: shutdownHowValues},
	SockLevels:            {field: ^uint64(0), values: sockLevelsValues},
	SockOptions:           {field: ^uint64(0), values: sockOptionsValues},
	NetlinkProtocols:      {field: ^uint64(0), values: netlinkProtocolsValues},
	TCPOptions:            {field: ^uint64(0), values: tCPOptionsValues},
	SigHow:                {field: ^uint64(0), values: sigHowValues},
	SaFlags:               {bits: saFlagsBits},
	SignalfdFlags:         {bits: signalfdFlagsBits},
	TimerfdFlags:          {bits: timerfdFlagsBits},
	TimerfdSetFlags:       {bits: timerfdSetFlagsBits},
	TimerFlags:            {bits: timerFlagsBits},
	Clocks:                {field: ^uint64(0), values: clocksValues},
	ItimerWhich:           {field: ^uint64(0), values: itimerWhichValues},
	IPCFlags:              {field: 0o777, form: octalLast, bits: ipcFlagsBits},
	ShmatFlags:            {bits: shmatFlagsBits},
	MsgIPCFlags:           {bits: msgIPCFlagsBits},
	IPCCmds:               {field: ^uint64(0), values: ipcCmdsValues},
	KeyctlCmds:            {field: ^uint64(0), values: keyctlCmdsValues},
	MountFlags:            {bits: mountFlagsBits},
	UmountFlags:           {bits: umountFlagsBits},
	OpenTreeFlags:         {bits: openTreeFlagsBits},
	MoveMountFlags:        {bits: moveMountFlagsBits},
	FsopenFlags:           {bits: fsopenFlagsBits},
	FsmountFlags:          {bits: fsmountFlagsBits},
	MountAttrs:            {bits: mountAttrsBits},
	FspickFlags:           {bits: fspickFlagsBits},
	FsconfigCmds:          {field: ^uint64(0), values: fsconfigCmdsValues},
	SwapFlags:             {bits: swapFlagsBits},
	BpfCmds:               {field: ^uint64(0), values: bpfCmdsValues},
	PerfFlags:             {bits: perfFlagsBits},
	RebootMagic:           {field: ^uint64(0), values: rebootMagicValues},
	RebootCmds:            {field: ^uint64(0), values: rebootCmdsValues},
	ModuleFlags:           {bits: moduleFlagsBits},
	SyslogTypes:           {field: ^uint64(0), values: syslogTypesValues},
	FSTypes:               {field: ^uint64(0), values: fsTypesValues},
	StatfsFlags:           {bits: statfsFlagsBits},
	StatxAttrs:            {bits: statxAttrsBits},
	OpenBits:              {bits: openFlagsBits},
	NotifyFlags:           {bits: notifyFlagsBits},
	InodeFlags:            {bits: inodeFlagsBits},
	RingFlags:             {bits: ringFlagsBits},
	RingFeatures:          {bits: ringFeaturesBits},
	TermInput:             {bits: termInputBits},
	TermOutput:            {bits: termOutputBits},
	TermControl:           {bits: termControlBits},
	TermSpeeds:            {field: ^uint64(0), values: termSpeedsValues},
	TermLocal:             {bits: termLocalBits},
	ModemLines:            {bits: modemLinesBits},
	IPOptions:             {field: ^uint64(0), values: ipOptionsValues},
	IPv6Options:           {field: ^uint64(0), values: ipv6OptionsValues},
	UDPOptions:            {field: ^uint64(0), values: udpOptionsValues},
	PacketOptions:         {field: ^uint64(0), values: packetOptionsValues},
	NetlinkOptions:        {field: ^uint64(0), values: netlinkOptionsValues},
	EtherTypes:            {field: ^uint64(0), values: etherTypesValues},
	ArpHardware:           {field: ^uint64(0), values: arpHardwareValues},
	ControlTypes:          {field: ^uint64(0), values: controlTypesValues},
	InterfaceFlags:        {bits: interfaceFlagsBits},
	AdjustModes:           {bits: adjustModesBits},
	AdjustStatus:          {bits: adjustStatusBits},
	StackFlags:            {bits: stackFlagsBits},
	WaitOptions:           {bits: waitOptionsBits},
	SchedFlags:            {bits: schedFlagsBits},
	MembarrierBits:        {bits: membarrierCmdsValues},
	XFeatures:             {bits: xFeaturesBits},
	SemopFlags:            {bits: semopFlagsBits},
	SecureBits:            {bits: secureBitsBits},
	MemoryMapFields:       {field: ^uint64(0), values: memoryMapFieldsValues},
	Speculation:           {bits: speculationBits},
	SeccompActions:        {field: ^uint64(0), values: seccompActionsValues},
	LandlockAccess:        {bits: landlockAccessBits},
	LandlockNet:           {bits: landlockNetBits},
	LandlockScopes:        {bits: landlockScopesBits},
}

// otherConstants are known by name but belong to no set: parts of masks,
// aliases, and values of arguments that have no set of their own.
var otherConstants = []constant{
	{"AT_FDCWD", 0xffffffffffffff9c},
	{"AT_EACCESS", 0x200},
	{"AT_STATX_SYNC_AS_STAT", 0},
	{"O_NDELAY", 0x800},
	{"MAP_ANON", 0x20},
	{"MAP_TYPE", 0xf},
	{"MADV_DONTNEED", 4},
	{"FUTEX_PRIVATE_FLAG", 0x80},
	{"CSIGNAL", 0xff},
	{"TIOCINQ", 0x541b},
	{"AF_LOCAL", 1},
	{"AF_ROUTE", 0x10},
	{"SIG_DFL", 0},
	{"SIG_IGN", 1},
	{"SHM_LOCK", 0xb},
	{"SHM_UNLOCK", 0xc},
	{"SHM_STAT", 0xd},
	{"SHM_INFO", 0xe},
	{"SHM_STAT_ANY", 0xf},
	{"MSG_STAT", 0xb},
	{"MSG_INFO", 0xc},
	{"MSG_STAT_ANY", 0xd},
	{"SEM_STAT_ANY", 0x14},
	{"PR_SET_MM_START_CODE", 1},
	{"PR_SET_MM_EXE_FILE", 0xd},
	{"PR_SPEC_STORE_BYPASS", 0},
	{"PR_SPEC_INDIRECT_BRANCH", 1},
	{"PR_SPEC_ENABLE", 2},
	{"PR_SPEC_DISABLE", 4},
	{"PR_SPEC_FORCE_DISABLE", 8},
	{"PR_SET_VMA_ANON_NAME", 0},
	{"GRND_INSECURE", 4},
	{"MFD_HUGETLB", 4},
	{"MNT_EXPIRE", 4},
	{"S_IFMT", 0xf000},
	{"S_IFREG", 0x8000},
	{"S_IFDIR", 0x4000},
	{"S_IFCHR", 0x2000},
	{"S_IFBLK", 0x6000},
	{"S_IFIFO", 0x1000},
	{"S_IFSOCK", 0xc000},
	{"S_IFLNK", 0xa000},
	{"S_ISUID", 0x800},
	{"S_ISGID", 0x400},
	{"S_ISVTX", 0x200},
	{"PF_UNIX", 1},
	{"PF_INET", 2},
	{"PF_INET6", 0xa},
}
