# Prints, for each thread, its frames as gdb sees them: thread id, pc, kind,
# function, file, line, separated by tabs.
import gdb

kinds = {gdb.NORMAL_FRAME: "normal", gdb.INLINE_FRAME: "inline", gdb.SIGTRAMP_FRAME: "signal"}
for thread in gdb.selected_inferior().threads():
    thread.switch()
    frame = gdb.newest_frame()
    while frame is not None:
        sal = frame.find_sal()
        name = sal.symtab.fullname() if sal.symtab else ""
        print("\t".join(["frame", str(thread.ptid[1]), hex(frame.pc()), kinds.get(frame.type(), "other"),
                         frame.name() or "", name, str(sal.line)]))
        reason = frame.unwind_stop_reason()
        try:
            frame = frame.older()
        except gdb.error as e:
            print("end\t%d\t%s" % (thread.ptid[1], e))
            break
    else:
        print("end\t%d\t%s" % (thread.ptid[1], gdb.frame_stop_reason_string(reason)))
