package abi

// Constants of sockets, in the order in which they are printed.

var socketFamiliesValues = []constant{
	{"AF_UNSPEC", 0}, {"AF_UNIX", 1}, {"AF_INET", 2}, {"AF_AX25", 3}, {"AF_IPX", 4}, {"AF_APPLETALK", 5},
	{"AF_NETROM", 6}, {"AF_BRIDGE", 7}, {"AF_ATMPVC", 8}, {"AF_X25", 9}, {"AF_INET6", 0xa}, {"AF_ROSE", 0xb},
	{"AF_DECnet", 0xc}, {"AF_NETBEUI", 0xd}, {"AF_SECURITY", 0xe}, {"AF_KEY", 0xf}, {"AF_NETLINK", 0x10},
	{"AF_PACKET", 0x11}, {"AF_ASH", 0x12}, {"AF_ECONET", 0x13}, {"AF_ATMSVC", 0x14}, {"AF_RDS", 0x15}, {"AF_SNA", 0x16},
	{"AF_IRDA", 0x17}, {"AF_PPPOX", 0x18}, {"AF_WANPIPE", 0x19}, {"AF_LLC", 0x1a}, {"AF_IB", 0x1b}, {"AF_MPLS", 0x1c},
	{"AF_CAN", 0x1d}, {"AF_TIPC", 0x1e}, {"AF_BLUETOOTH", 0x1f}, {"AF_IUCV", 0x20}, {"AF_RXRPC", 0x21}, {"AF_ISDN", 0x22},
	{"AF_PHONET", 0x23}, {"AF_IEEE802154", 0x24}, {"AF_CAIF", 0x25}, {"AF_ALG", 0x26}, {"AF_NFC", 0x27},
	{"AF_VSOCK", 0x28}, {"AF_KCM", 0x29}, {"AF_QIPCRTR", 0x2a}, {"AF_SMC", 0x2b}, {"AF_XDP", 0x2c}, {"AF_MCTP", 0x2d},
}

var socketTypesValues = []constant{
	{"SOCK_STREAM", 1}, {"SOCK_DGRAM", 2}, {"SOCK_RAW", 3}, {"SOCK_RDM", 4}, {"SOCK_SEQPACKET", 5}, {"SOCK_DCCP", 6},
	{"SOCK_PACKET", 0xa},
}

var socketTypesBits = []constant{
	{"SOCK_CLOEXEC", 0x80000}, {"SOCK_NONBLOCK", 0x800},
}

var socketProtocolsValues = []constant{
	{"IPPROTO_IP", 0}, {"IPPROTO_ICMP", 1}, {"IPPROTO_IGMP", 2}, {"IPPROTO_IPIP", 4}, {"IPPROTO_TCP", 6},
	{"IPPROTO_EGP", 8}, {"IPPROTO_PUP", 0xc}, {"IPPROTO_UDP", 0x11}, {"IPPROTO_IDP", 0x16}, {"IPPROTO_TP", 0x1d},
	{"IPPROTO_DCCP", 0x21}, {"IPPROTO_IPV6", 0x29}, {"IPPROTO_RSVP", 0x2e}, {"IPPROTO_GRE", 0x2f}, {"IPPROTO_ESP", 0x32},
	{"IPPROTO_AH", 0x33}, {"IPPROTO_ICMPV6", 0x3a}, {"IPPROTO_MTP", 0x5c}, {"IPPROTO_BEETPH", 0x5e},
	{"IPPROTO_ENCAP", 0x62}, {"IPPROTO_PIM", 0x67}, {"IPPROTO_COMP", 0x6c}, {"IPPROTO_SCTP", 0x84},
	{"IPPROTO_UDPLITE", 0x88}, {"IPPROTO_MPLS", 0x89}, {"IPPROTO_RAW", 0xff}, {"IPPROTO_MPTCP", 0x106},
}

var sockFlagsBits = []constant{
	{"SOCK_CLOEXEC", 0x80000}, {"SOCK_NONBLOCK", 0x800},
}

var msgFlagsBits = []constant{
	{"MSG_OOB", 1}, {"MSG_PEEK", 2}, {"MSG_DONTROUTE", 4}, {"MSG_CTRUNC", 8}, {"MSG_PROXY", 0x10}, {"MSG_TRUNC", 0x20},
	{"MSG_DONTWAIT", 0x40}, {"MSG_EOR", 0x80}, {"MSG_WAITALL", 0x100}, {"MSG_FIN", 0x200}, {"MSG_SYN", 0x400},
	{"MSG_CONFIRM", 0x800}, {"MSG_RST", 0x1000}, {"MSG_ERRQUEUE", 0x2000}, {"MSG_NOSIGNAL", 0x4000}, {"MSG_MORE", 0x8000},
	{"MSG_WAITFORONE", 0x10000}, {"MSG_BATCH", 0x40000}, {"MSG_ZEROCOPY", 0x4000000}, {"MSG_FASTOPEN", 0x20000000},
	{"MSG_CMSG_CLOEXEC", 0x40000000},
}

var shutdownHowValues = []constant{
	{"SHUT_RD", 0}, {"SHUT_WR", 1}, {"SHUT_RDWR", 2},
}

var sockLevelsValues = []constant{
	{"SOL_IP", 0}, {"SOL_SOCKET", 1}, {"SOL_TCP", 6}, {"SOL_UDP", 0x11}, {"SOL_IPV6", 0x29}, {"SOL_ICMPV6", 0x3a},
	{"SOL_RAW", 0xff}, {"SOL_PACKET", 0x107}, {"SOL_NETLINK", 0x10e}, {"SOL_ALG", 0x117}, {"SOL_VSOCK", 0x11f},
}

var sockOptionsValues = []constant{
	{"SO_DEBUG", 1}, {"SO_REUSEADDR", 2}, {"SO_TYPE", 3}, {"SO_ERROR", 4}, {"SO_DONTROUTE", 5}, {"SO_BROADCAST", 6},
	{"SO_SNDBUF", 7}, {"SO_RCVBUF", 8}, {"SO_KEEPALIVE", 9}, {"SO_OOBINLINE", 0xa}, {"SO_NO_CHECK", 0xb},
	{"SO_PRIORITY", 0xc}, {"SO_LINGER", 0xd}, {"SO_BSDCOMPAT", 0xe}, {"SO_REUSEPORT", 0xf}, {"SO_PASSCRED", 0x10},
	{"SO_PEERCRED", 0x11}, {"SO_RCVLOWAT", 0x12}, {"SO_SNDLOWAT", 0x13}, {"SO_RCVTIMEO", 0x14}, {"SO_SNDTIMEO", 0x15},
	{"SO_SECURITY_AUTHENTICATION", 0x16}, {"SO_SECURITY_ENCRYPTION_TRANSPORT", 0x17},
	{"SO_SECURITY_ENCRYPTION_NETWORK", 0x18}, {"SO_BINDTODEVICE", 0x19}, {"SO_ATTACH_FILTER", 0x1a},
	{"SO_DETACH_FILTER", 0x1b}, {"SO_PEERNAME", 0x1c}, {"SO_TIMESTAMP", 0x1d}, {"SO_ACCEPTCONN", 0x1e},
	{"SO_PEERSEC", 0x1f}, {"SO_SNDBUFFORCE", 0x20}, {"SO_RCVBUFFORCE", 0x21}, {"SO_PASSSEC", 0x22},
	{"SO_TIMESTAMPNS", 0x23}, {"SO_MARK", 0x24}, {"SO_TIMESTAMPING", 0x25}, {"SO_PROTOCOL", 0x26}, {"SO_DOMAIN", 0x27},
	{"SO_RXQ_OVFL", 0x28}, {"SO_WIFI_STATUS", 0x29}, {"SO_PEEK_OFF", 0x2a}, {"SO_NOFCS", 0x2b}, {"SO_LOCK_FILTER", 0x2c},
	{"SO_SELECT_ERR_QUEUE", 0x2d}, {"SO_BUSY_POLL", 0x2e}, {"SO_MAX_PACING_RATE", 0x2f}, {"SO_BPF_EXTENSIONS", 0x30},
	{"SO_INCOMING_CPU", 0x31}, {"SO_ATTACH_BPF", 0x32}, {"SO_ATTACH_REUSEPORT_CBPF", 0x33},
	{"SO_ATTACH_REUSEPORT_EBPF", 0x34}, {"SO_CNX_ADVICE", 0x35}, {"SO_MEMINFO", 0x37}, {"SO_INCOMING_NAPI_ID", 0x38},
	{"SO_COOKIE", 0x39}, {"SO_PEERGROUPS", 0x3b}, {"SO_ZEROCOPY", 0x3c}, {"SO_TXTIME", 0x3d}, {"SO_BINDTOIFINDEX", 0x3e},
	{"SO_PASSPIDFD", 0x4c}, {"SO_PEERPIDFD", 0x4d},
}

var netlinkProtocolsValues = []constant{
	{"NETLINK_ROUTE", 0}, {"NETLINK_UNUSED", 1}, {"NETLINK_USERSOCK", 2}, {"NETLINK_FIREWALL", 3},
	{"NETLINK_SOCK_DIAG", 4}, {"NETLINK_NFLOG", 5}, {"NETLINK_XFRM", 6}, {"NETLINK_SELINUX", 7}, {"NETLINK_ISCSI", 8},
	{"NETLINK_AUDIT", 9}, {"NETLINK_FIB_LOOKUP", 0xa}, {"NETLINK_CONNECTOR", 0xb}, {"NETLINK_NETFILTER", 0xc},
	{"NETLINK_IP6_FW", 0xd}, {"NETLINK_DNRTMSG", 0xe}, {"NETLINK_KOBJECT_UEVENT", 0xf}, {"NETLINK_GENERIC", 0x10},
	{"NETLINK_SCSITRANSPORT", 0x12}, {"NETLINK_ECRYPTFS", 0x13}, {"NETLINK_RDMA", 0x14}, {"NETLINK_CRYPTO", 0x15},
	{"NETLINK_SMC", 0x16},
}

var tCPOptionsValues = []constant{
	{"TCP_NODELAY", 1}, {"TCP_MAXSEG", 2}, {"TCP_CORK", 3}, {"TCP_KEEPIDLE", 4}, {"TCP_KEEPINTVL", 5}, {"TCP_KEEPCNT", 6},
	{"TCP_SYNCNT", 7}, {"TCP_LINGER2", 8}, {"TCP_DEFER_ACCEPT", 9}, {"TCP_WINDOW_CLAMP", 0xa}, {"TCP_INFO", 0xb},
	{"TCP_QUICKACK", 0xc}, {"TCP_CONGESTION", 0xd}, {"TCP_MD5SIG", 0xe}, {"TCP_USER_TIMEOUT", 0x12}, {"TCP_REPAIR", 0x13},
	{"TCP_FASTOPEN", 0x17}, {"TCP_TIMESTAMP", 0x18}, {"TCP_NOTSENT_LOWAT", 0x19}, {"TCP_ULP", 0x1f},
}
