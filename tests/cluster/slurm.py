"""A Slurm cluster of one node on loopback, in a folder of its own: munged, slurmctld, slurmd.

It needs no root, no systemd and no cgroups: processes are tracked by /proc, everything belongs to who
starts it, and all of key, sockets, ports, spools, logs and configuration are its own, so that a cluster of
the machine is neither used nor disturbed. Daemons stay in the foreground and are children of ours, ended
by their pids in the order in which they need each other.
"""
import os
import pwd
import signal
import socket
import subprocess
import sys

import sharded

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "ss")
# Credentials live 10 s instead of 120, since that is how long a requeued job is kept waiting.
CONFIGURATION = """ClusterName=lbsim
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,sched_min_interval=100000,bf_interval=2
MpiDefault=none
ReturnToService=2
KillWait=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def which(tool):
    """Daemons lie in sbin, which is not on everybody's path."""
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]:
        path = os.path.join(folder, tool)
        if os.access(path, os.X_OK):
            return path
    return None


def listeners():
    """"address:port" of every TCP socket that listens."""
    said = subprocess.run([which("ss"), "-Hltn"], capture_output=True, text=True, check=True).stdout
    return {line.split()[3] for line in said.splitlines()}


def two_ports():
    links = [socket.socket() for _ in range(2)]
    for link in links:
        link.bind(("127.0.0.1", 0))
    ports = [link.getsockname()[1] for link in links]
    for link in links:
        link.close()
    return ports


class Cluster:
    def __init__(self, folder):
        self.folder, self.children = folder, []
        self.ports = two_ports()
        for name, mode in (("munge", 0o711), ("state", 0o700), ("spool", 0o755)):
            os.mkdir(os.path.join(folder, name))
            os.chmod(os.path.join(folder, name), mode)
        with open(self.at("munge/key"), "wb") as file:
            os.chmod(file.name, 0o600)
            file.write(os.urandom(128))
        with open(self.at("slurm.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, ports=self.ports,
                                            host=socket.gethostname().split(".")[0],
                                            user=pwd.getpwuid(os.getuid()).pw_name))
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM_", "SBATCH_", "LBSIM_SWEEP"))}
        self.environment["SLURM_CONF"] = self.at("slurm.conf")

    def at(self, name):
        return os.path.join(self.folder, name)

    def daemon(self, tool, *words):
        with open(self.at(f"{tool}.out"), "wb") as file:
            child = subprocess.Popen([which(tool), *words], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                     env=self.environment)
        self.children.append((tool, child))

    def start(self):
        before = listeners()
        self.daemon("munged", "--foreground", "--key-file", self.at("munge/key"), "--socket",
                    self.at("munge/socket"), "--pid-file", self.at("munge/pid"), "--seed-file",
                    self.at("munge/seed"), "--log-file", self.at("munge/log"))
        self.ready("munged", lambda: os.path.exists(self.at("munge/socket")))
        self.daemon("slurmctld", "-D", "-f", self.at("slurm.conf"))
        self.ready("slurmctld", lambda: f"127.0.0.1:{self.ports[0]}" in listeners())
        self.daemon("slurmd", "-D", "-f", self.at("slurm.conf"))
        self.ready("slurmd", lambda: self.said("sinfo", "-h", "-o", "%T") == "idle")
        self.before = before

    def ready(self, tool, condition):
        def look():
            for name, child in self.children:
                if child.poll() is not None:
                    self.show_logs()
                    sys.exit(f"{name} ended with {child.returncode}")
            return condition()
        try:
            sharded.wait_for(tool, look, 60.0)
        except SystemExit:
            self.show_logs()
            raise

    def show_logs(self):
        for name in "munged.out", "munge/log", "slurmctld.out", "slurmctld.log", "slurmd.out", "slurmd.log":
            if os.path.exists(self.at(name)):
                with open(self.at(name), encoding="utf-8", errors="replace") as file:
                    print(f"--- {name}", *file.read().splitlines()[-25:], sep="\n")

    def call(self, *words):
        return subprocess.run([which(words[0]), *words[1:]], capture_output=True, text=True, check=False,
                              env=self.environment, timeout=60)

    def said(self, *words):
        return self.call(*words).stdout.strip()

    def own_listeners(self):
        """What listens now and did not before."""
        return listeners() - self.before

    def pids(self):
        return [child.pid for _, child in self.children]

    def stop(self):
        """Cancels what runs and ends the daemons, the last one first. What had to be killed."""
        killed = []
        if len(self.children) == 3:
            self.call("scancel", "--user", pwd.getpwuid(os.getuid()).pw_name)
            # (Whoever made a job is a child of slurmd, or of 1 when slurmd ends before it.)
            for _ in range(100):
                if not self.said("squeue", "-h"):
                    break
                try:
                    self.children[2][1].wait(0.1)
                except subprocess.TimeoutExpired:
                    pass
        for tool, child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                killed.append(tool)
                child.kill()
                child.wait()
        return killed
