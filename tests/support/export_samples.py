"""Samples of what monitoring tools write; the tests of each reader say where they are from."""

# ruff: noqa: E501

SADF_VERTICAL = """\
# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle
vm;2;2026-11-28 09:16:36 UTC;-1;0.00;0.00;0.25;0.00;0.00;99.75
vm;2;2026-11-28 09:16:36 UTC;0;0.00;0.00;0.00;0.00;0.00;100.00
vm;2;2026-11-28 09:16:36 UTC;1;0.00;0.00;0.50;0.00;0.00;99.50
vm;2;2026-11-28 09:16:38 UTC;-1;0.50;0.00;0.25;0.00;0.00;99.25
vm;2;2026-11-28 09:16:38 UTC;0;0.50;0.00;0.00;0.00;0.00;99.50
vm;2;2026-11-28 09:16:38 UTC;1;0.50;0.00;0.50;0.00;0.00;98.99
vm;-1;2026-11-28 09:16:38 UTC;COM deploy; of v2, begins
vm;-1;2026-11-28 09:16:38 UTC;LINUX-RESTART\t(2 CPU)
# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle
vm;2;2026-11-28 09:16:40 UTC;-1;0.00;0.00;1.25;0.00;0.00;98.75
vm;2;2026-11-28 09:16:40 UTC;0;0.00;0.00;2.01;0.00;0.00;97.99
vm;2;2026-11-28 09:16:40 UTC;1;0.00;0.00;0.50;0.00;0.00;99.50
"""

SADF_HORIZONTAL = """\
# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle[...]
vm;2;2026-11-28 09:16:36 UTC;-1;0.00;0.00;0.25;0.00;0.00;99.75;0;0.00;0.00;0.00;0.00;0.00;100.00;1;0.00;0.00;0.50;0.00;0.00;99.50
vm;2;2026-11-28 09:16:38 UTC;-1;0.50;0.00;0.25;0.00;0.00;99.25;0;0.50;0.00;0.00;0.00;0.00;99.50;1;0.50;0.00;0.50;0.00;0.00;98.99
vm;-1;2026-11-28 09:16:38 UTC;COM deploy; of v2, begins
vm;-1;2026-11-28 09:16:38 UTC;LINUX-RESTART\t(2 CPU)
# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle[...]
vm;2;2026-11-28 09:16:40 UTC;-1;0.00;0.00;1.25;0.00;0.00;98.75;0;0.00;0.00;2.01;0.00;0.00;97.99;1;0.00;0.00;0.50;0.00;0.00;99.50
"""

SADF_MIXED = """\
# hostname;interval;timestamp;runq-sz;plist-sz;ldavg-1;ldavg-5;ldavg-15;blocked
vm;2;2026-11-28 09:16:36 UTC;0;91;0.74;0.70;1.08;0
vm;2;2026-11-28 09:16:38 UTC;0;91;0.74;0.70;1.08;0
# hostname;interval;timestamp;DEV;tps;rkB/s;wkB/s;dkB/s;areq-sz;aqu-sz;await;%util
vm;2;2026-11-28 09:16:36 UTC;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38 UTC;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
# hostname;interval;timestamp;IFACE;rxpck/s;txpck/s;rxkB/s;txkB/s;rxcmp/s;txcmp/s;rxmcst/s;%ifutil
vm;2;2026-11-28 09:16:36 UTC;lo;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:36 UTC;ifb0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:36 UTC;ifb1;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:36 UTC;eth0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38 UTC;lo;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38 UTC;ifb0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38 UTC;ifb1;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38 UTC;eth0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;-1;2026-11-28 09:16:38 UTC;LINUX-RESTART\t(2 CPU)
# hostname;interval;timestamp;runq-sz;plist-sz;ldavg-1;ldavg-5;ldavg-15;blocked
vm;2;2026-11-28 09:16:40 UTC;0;91;0.74;0.70;1.08;0
# hostname;interval;timestamp;DEV;tps;rkB/s;wkB/s;dkB/s;areq-sz;aqu-sz;await;%util
vm;2;2026-11-28 09:16:40 UTC;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
# hostname;interval;timestamp;IFACE;rxpck/s;txpck/s;rxkB/s;txkB/s;rxcmp/s;txcmp/s;rxmcst/s;%ifutil
vm;2;2026-11-28 09:16:40 UTC;lo;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:40 UTC;ifb0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:40 UTC;ifb1;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:40 UTC;eth0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
"""

SADF_MIXED_HORIZONTAL = """\
# hostname;interval;timestamp;runq-sz;plist-sz;ldavg-1;ldavg-5;ldavg-15;blocked;DEV;tps;rkB/s;wkB/s;dkB/s;areq-sz;aqu-sz;await;%util[...];IFACE;rxpck/s;txpck/s;rxkB/s;txkB/s;rxcmp/s;txcmp/s;rxmcst/s;%ifutil[...]
vm;2;2026-11-28 09:16:36 UTC;0;91;0.74;0.70;1.08;0;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;lo;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;ifb0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;ifb1;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;eth0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38 UTC;0;91;0.74;0.70;1.08;0;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;lo;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;ifb0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;ifb1;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;eth0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;-1;2026-11-28 09:16:38 UTC;LINUX-RESTART\t(2 CPU)
# hostname;interval;timestamp;runq-sz;plist-sz;ldavg-1;ldavg-5;ldavg-15;blocked;DEV;tps;rkB/s;wkB/s;dkB/s;areq-sz;aqu-sz;await;%util[...];IFACE;rxpck/s;txpck/s;rxkB/s;txkB/s;rxcmp/s;txcmp/s;rxmcst/s;%ifutil[...]
vm;2;2026-11-28 09:16:40 UTC;0;91;0.74;0.70;1.08;0;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;lo;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;ifb0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;ifb1;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00;eth0;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
"""

SADF_EPOCH = """\
# hostname;interval;timestamp;runq-sz;plist-sz;ldavg-1;ldavg-5;ldavg-15;blocked
vm;2;1795857396;0;91;0.74;0.70;1.08;0
vm;2;1795857398;0;91;0.74;0.70;1.08;0
vm;-1;1795857398;COM deploy; of v2, begins
vm;-1;1795857398;LINUX-RESTART\t(2 CPU)
# hostname;interval;timestamp;runq-sz;plist-sz;ldavg-1;ldavg-5;ldavg-15;blocked
vm;2;1795857400;0;91;0.74;0.70;1.08;0
"""

SADF_LOCAL = """\
# hostname;interval;timestamp;DEV;tps;rkB/s;wkB/s;dkB/s;areq-sz;aqu-sz;await;%util
vm;2;2026-11-28 09:16:36;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;2;2026-11-28 09:16:38;vda;0.00;0.00;0.00;0.00;0.00;0.00;0.00;0.00
vm;-1;2026-11-28 09:16:38;COM deploy; of v2, begins
"""

COLLECTL_BLANKS = """\
################################################################################
# Collectl:   V4.3.1-1  HiRes: 1  Options: -scCD -i1 -c3 -P
# Host:       vm  DaemonOpts:
# Date:       20261128-091542  Secs: 1795857342 TZ: +0000
# SubSys:     cCD Options:  Interval: 1 NumCPUs: 2  NumBud: 0 Flags: i
################################################################################
#Date Time [CPU:0]User% [CPU:0]Nice% [CPU:0]Sys% [CPU:0]Wait% [CPU:0]Irq% [CPU:0]Soft% [CPU:0]Steal% [CPU:0]Idle% [CPU:0]Totl% [CPU:0]Guest% [CPU:0]GuestN% [CPU:0]Intrpt [CPU:1]User% [CPU:1]Nice% [CPU:1]Sys% [CPU:1]Wait% [CPU:1]Irq% [CPU:1]Soft% [CPU:1]Steal% [CPU:1]Idle% [CPU:1]Totl% [CPU:1]Guest% [CPU:1]GuestN% [CPU:1]Intrpt
20261128 09:15:44 0 12 3 0 0 0 0 85 15 0 0 0 0 89 2 0 0 0 0 9 91 0 0 0
20261128 09:15:45 1 0 4 0 0 0 0 95 5 0 0 0 0 95 1 0 0 0 0 4 96 0 0 0
20261128 09:15:46 1 39 1 0 0 0 0 59 41 0 0 0 0 92 8 0 0 0 0 0 100 0 0 0
"""

COLLECTL_COMMAS = """\
waiting for 1 second sample...
#Date,Time,[CPU]User%,[CPU]Nice%,[CPU]Sys%,[CPU]Wait%,[CPU]Irq%,[CPU]Soft%,[CPU]Steal%,[CPU]Idle%,[CPU]Totl%,[CPU]Guest%,[CPU]GuestN%,[CPU]Intrpt/sec,[CPU]Ctx/sec,[CPU]Proc/sec,[CPU]ProcQue,[CPU]ProcRun,[CPU]L-Avg1,[CPU]L-Avg5,[CPU]L-Avg15,[CPU]RunTot,[CPU]BlkTot,[DSK:vda]Name,[DSK:vda]Reads,[DSK:vda]RMerge,[DSK:vda]RKBytes,[DSK:vda]WaitR,[DSK:vda]Writes,[DSK:vda]WMerge,[DSK:vda]WKBytes,[DSK:vda]WaitW,[DSK:vda]Request,[DSK:vda]QueLen,[DSK:vda]Wait,[DSK:vda]SvcTim,[DSK:vda]Util
20261128,09:44:48,38,52,10,0,0,0,0,0,100,0,0,1013,3318,0,286,7,9.81,7.55,5.37,7,0,vda,2,0,8,0,175,0,448,0,3,1,0,0,2
20261128,09:44:49,43,48,9,0,0,0,0,0,100,0,0,1126,2693,22,308,11,9.81,7.55,5.37,11,0,vda,2,0,8,0,196,0,492,0,3,2,0,0,2
"""

COLLECTL_UTC = """\
waiting for 1 second sample...
#UTC,[CPU]User%,[CPU]Nice%,[CPU]Sys%,[CPU]Wait%,[CPU]Irq%,[CPU]Soft%,[CPU]Steal%,[CPU]Idle%,[CPU]Totl%,[CPU]Guest%,[CPU]GuestN%,[CPU]Intrpt/sec,[CPU]Ctx/sec,[CPU]Proc/sec,[CPU]ProcQue,[CPU]ProcRun,[CPU]L-Avg1,[CPU]L-Avg5,[CPU]L-Avg15,[CPU]RunTot,[CPU]BlkTot
1795858072.011,0,92,8,0,0,0,0,0,100,0,0,609,2255,1,169,5,3.21,1.86,1.33,5,0
1795858073.004,0,89,11,0,0,0,0,0,100,0,0,595,2555,0,169,5,3.21,1.86,1.33,5,0
"""

NMON = """\
AAA,progname,nmon
AAA,command,nmon -s 2 -c 3
AAA,version,16n
AAA,disks_per_line,150
AAA,max_disks,256,set by -d option
AAA,disks,1,
AAA,time,09:15.47
AAA,date,28-NOV-2026
AAA,interval,2
AAA,snapshots,3
AAA,cpus,2
AAA,proc_stat_variables,8
CPU_ALL,CPU Total vm,User%,Sys%,Wait%,Idle%,Steal%,Busy,CPUs
NET,Network I/O vm,lo-read-KB/s,ifb0-read-KB/s,ifb1-read-KB/s,eth0-read-KB/s,lo-write-KB/s,ifb0-write-KB/s,ifb1-write-KB/s,eth0-write-KB/s
DISKBUSY,Disk %Busy vm,vda
JFSFILE,JFS Filespace %Used vm,/dev,/
BBBP,000,/etc/release
ZZZZ,T0001,09:15:48,28-NOV-2026
CPU_ALL,T0001,86.6,13.4,0.0,0.0,0.0,,2
NET,T0001,0.0,0.0,0.0,0.1,0.0,0.0,0.0,0.1
JFSFILE,T0001,0.0,18.2
DISKBUSY,T0001,0.0
ZZZZ,T0002,09:15:50,28-NOV-2026
CPU_ALL,T0002,73.2,9.0,0.3,17.5,0.0,,2
NET,T0002,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
JFSFILE,T0002,0.0,18.2
DISKBUSY,T0002,0.5
ZZZZ,T0003,09:15:52,28-NOV-2026
CPU_ALL,T0003,49.8,5.8,0.0,44.5,0.0,,2
NET,T0003,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
JFSFILE,T0003,0.0,18.2
DISKBUSY,T0003,0.0
"""

PMREP = """\
Time,"kernel.all.load-1 minute","kernel.all.load-5 minute","kernel.all.load-15 minute","disk.dev.read-vda","mem.util.free","hinv.machine"
2026-11-28 09:18:53,0.480,0.610,0.980,,20476840,"x86_64"
2026-11-28 09:18:54,0.480,0.610,0.980,0.000,20476776,"x86_64"
2026-11-28 09:18:55,0.480,0.610,0.980,0.000,20476776,"x86_64"
"""

PMREP_EXTENDED = """\
Host,Interval,Time,"disk.dev.read-vda","kernel.all.load-1 minute"
localhost,0,2026-11-28 14:53:57 UTC+5:30,,0.750
localhost,1,2026-11-28 14:53:58 UTC+5:30,16.938,0.750
"""

PMREP_COMMENTS = """\
#
#     host: localhost, using DSO PMDAs
# timezone: UTC+0
#
Time;"kernel.all.load-1 minute";"kernel.all.load-5 minute"
1795857536;0.450;0.600
1795857537;0.450;0.600
"""

XPORT_XML = """\
<?xml version="1.0" encoding="ISO-8859-1"?>

<xport>
  <meta>
    <start>1709510700</start>
    <end>1709513100</end>
    <step>300</step>
    <rows>9</rows>
    <columns>2</columns>
    <legend>
      <entry>cpu&load</entry>
      <entry></entry>
    </legend>
  </meta>
  <data>
    <row><v>2.1000000000e+01</v><v>NaN</v></row>
    <row><v>2.2000000000e+01</v><v>1.0000000000e+01</v></row>
    <row><v>2.3000000000e+01</v><v>1.6666666667e+01</v></row>
    <row><v>2.4000000000e+01</v><v>2.3333333333e+01</v></row>
    <row><v>2.5000000000e+01</v><v>3.0000000000e+01</v></row>
    <row><v>2.7000000000e+01</v><v>4.0000000000e+01</v></row>
    <row><v>2.7000000000e+01</v><v>4.0000000000e+01</v></row>
    <row><v>2.8000000000e+01</v><v>5.0000000000e+01</v></row>
    <row><v>NaN</v><v>NaN</v></row>
  </data>
</xport>
"""

XPORT_XML_TIMES = """\
<?xml version="1.0" encoding="ISO-8859-1"?>

<xport>
  <meta>
    <start>1709510700</start>
    <end>1709513100</end>
    <step>300</step>
    <rows>9</rows>
    <columns>2</columns>
    <legend>
      <entry>cpu&load</entry>
      <entry></entry>
    </legend>
  </meta>
  <data>
    <row><t>1709510700</t><v>2.1000000000e+01</v><v>NaN</v></row>
    <row><t>1709511000</t><v>2.2000000000e+01</v><v>1.0000000000e+01</v></row>
    <row><t>1709511300</t><v>2.3000000000e+01</v><v>1.6666666667e+01</v></row>
    <row><t>1709511600</t><v>2.4000000000e+01</v><v>2.3333333333e+01</v></row>
    <row><t>1709511900</t><v>2.5000000000e+01</v><v>3.0000000000e+01</v></row>
    <row><t>1709512200</t><v>2.7000000000e+01</v><v>4.0000000000e+01</v></row>
    <row><t>1709512500</t><v>2.7000000000e+01</v><v>4.0000000000e+01</v></row>
    <row><t>1709512800</t><v>2.8000000000e+01</v><v>5.0000000000e+01</v></row>
    <row><t>1709513100</t><v>NaN</v><v>NaN</v></row>
  </data>
</xport>
"""

XPORT_JSON = """\
{ "about": "RRDtool graph JSON output",
  "meta": {
    "start": 1709510700,
    "end": 1709513100,
    "step": 300,
    "legend": [
      "cpu&load",
      ""
          ]
     },
  "data": [
    [ 2.1000000000e+01, null ],
    [ 2.2000000000e+01, 1.0000000000e+01 ],
    [ 2.3000000000e+01, 1.6666666667e+01 ],
    [ 2.4000000000e+01, 2.3333333333e+01 ],
    [ 2.5000000000e+01, 3.0000000000e+01 ],
    [ 2.7000000000e+01, 4.0000000000e+01 ],
    [ 2.7000000000e+01, 4.0000000000e+01 ],
    [ 2.8000000000e+01, 5.0000000000e+01 ],
    [ null, null ]
  ]
}
"""

XPORT_JSON_TIMES = """\
{ "about": "RRDtool graph JSON output",
  "meta": {
    "start": 1709510700,
    "end": 1709513100,
    "step": 300,
    "legend": [
      "cpu&load",
      ""
          ]
     },
  "data": [
    [ "1709510700",2.1000000000e+01, null ],
    [ "1709511000",2.2000000000e+01, 1.0000000000e+01 ],
    [ "1709511300",2.3000000000e+01, 1.6666666667e+01 ],
    [ "1709511600",2.4000000000e+01, 2.3333333333e+01 ],
    [ "1709511900",2.5000000000e+01, 3.0000000000e+01 ],
    [ "1709512200",2.7000000000e+01, 4.0000000000e+01 ],
    [ "1709512500",2.7000000000e+01, 4.0000000000e+01 ],
    [ "1709512800",2.8000000000e+01, 5.0000000000e+01 ],
    [ "1709513100",null, null ]
  ]
}
"""

FETCH = """\
                            cpu                 net

1709510700: 2.1000000000e+01 -nan
1709511000: 2.2000000000e+01 1.0000000000e+01
1709511300: 2.3000000000e+01 1.6666666667e+01
1709511600: 2.4000000000e+01 2.3333333333e+01
1709511900: 2.5000000000e+01 3.0000000000e+01
1709512200: 2.7000000000e+01 4.0000000000e+01
"""

PROMETHEUS = """\
{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","instance":"127.0.0.1:19090","job":"self"},"values":[[1795857409,"1"],[1795857411,"1"],[1795857413,"1"],[1795857415,"1"]]}]}}"""

PROMETHEUS_LABELS = """\
{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"127.0.0.1:19090","job":"self","quantile":"0"},"values":[[1795857409,"+Inf"],[1795857411,"+Inf"]]},{"metric":{"handler":"/metrics"},"values":[[1795857413,"0.2626"],[1795857415,"0.3626"]]}]}}"""

PROMETHEUS_VECTOR = """\
{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","instance":"127.0.0.1:19090","job":"self"},"value":[1795857415.809,"1"]}]}}"""

PROMETHEUS_ERROR = """\
{"status":"error","errorType":"bad_data","error":"1:4: parse error: unexpected end of input inside braces"}"""

PROMTOOL = """\
[{"metric":{"__name__":"up","instance":"127.0.0.1:19090","job":"self"},"values":[[1795857409,"1"],[1795857411,"1"]]}]"""

GRAPHITE_RAW = """\
web.cpu,1795857240,1795857540,60|24.0,23.0,None,21.0,20.0
movingAverage(web.cpu,2),1795857240,1795857540,60|24.0,23.5,23.0,21.0,20.5
a,"b|c,1795857240,1795857540,60|24.0,23.0,None,21.0,20.0
"""

GRAPHITE_CSV = """\
"a,""b|c",2026-11-28 10:14:00,24.0\r
"a,""b|c",2026-11-28 10:15:00,23.0\r
"a,""b|c",2026-11-28 10:16:00,\r
web.mem,2026-11-28 10:14:00,24.25\r
web.mem,2026-11-28 10:15:00,23.25\r
web.mem,2026-11-28 10:16:00,\r
"""

GRAPHITE_JSON = """\
[{"target": "a,\\"b|c", "tags": {"name": "web.cpu"}, "datapoints": [[24.0, 1795857240], [23.0, 1795857300], [null, 1795857360], [21.0, 1795857420], [20.0, 1795857480]]}]"""

INFLUX_LINES = """\
name,time,cpu,host,idle,state,usage,used
cpu,1709510400000000000,cpu0,web-a,70,,20.5,
cpu,1709510400000000000,cpu0,web-b,70,,20.5,
cpu,1709510700000000000,cpu0,web-a,69,,21.5,
cpu,1709510700000000000,cpu0,web-b,69,,21.5,
name,time,cpu,host,idle,state,usage,used
mem,1709510400000000000,,web-a,,"ok,""fine\"\"\",,0
mem,1709510700000000000,,web-a,,"ok,""fine\"\"\",,1000
mem,1709511300000000000,,web-a,,"ok,""fine\"\"\",,3000
"""

INFLUX_TAGS = """\
name,tags,time,mean
cpu,host=web-a,1709510400000000000,20.5
cpu,host=web-a,1709510700000000000,21.5
name,tags,time,mean
cpu,host=web-b,1709510400000000000,20.5
cpu,host=web-b,1709510700000000000,21.5
"""

INFLUX_RFC3339 = """\
name,time,host,state,used
mem,2024-03-04T00:00:00Z,web-a,"ok,""fine\"\"\",0
mem,2024-03-04T00:05:00Z,web-a,"ok,""fine\"\"\",1000
"""

INFLUX_ANNOTATED = """\
#group,false,false,true,true,false,false,true,true,true,true\r
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string\r
#default,mean,,,,,,,,,\r
,result,table,_start,_stop,_time,_value,_field,_measurement,host,region\r
,,0,2022-12-31T05:41:24Z,2023-01-31T05:41:24.001Z,2023-01-01T00:52:00Z,15.43,mem,m,A,east\r
,,1,2022-12-31T05:41:24Z,2023-01-31T05:41:24.001Z,2023-01-01T00:52:00Z,59.25,mem,m,B,east\r
,,2,2022-12-31T05:41:24Z,2023-01-31T05:41:24.001Z,2023-01-01T00:53:00.5Z,52.62,mem,m,C,east\r
\r
"""

INFLUX_PIVOTED = """\
#group,false,false,false,false,false
#datatype,string,long,dateTime:RFC3339,double,double
#default,_result,,,,
,result,table,_time,cpu,mem
,,0,2024-03-04T00:00:00Z,20.063,30.569
,,0,2024-03-04T00:05:00Z,20.043,
"""

INFLUX_ERROR = """\
#datatype,string,string\r
#group,true,true\r
#default,,\r
,error,reference\r
,Failed to parse query,897\r
"""

KIBANA = """\
"@timestamp",host.name,cpu,bytes,note
"Jan 5, 2024 @ 13:05:00.000",web-1,"1,234.5","1.2KB",x
"Jan 5, 2024 @ 13:06:00.000",web-1,"234.5","1MB",y
"Jan 5, 2024 @ 13:07:00.000",web-1,-,"0B",z
"""

KIBANA_LENS = """\
"Top values of FlightDelayType","timestamp per hour","Count of records"
"No Delay","2021-02-27 01:00",1
"No Delay","2021-02-27 02:00",14
"Late","2021-02-27 01:00","1,014"
"""

KIBANA_CLOCK = """\
"timestamp per 30 minutes","Count of records"
"02:00",6
"02:30",6
"""

ELASTIC_BUCKETS = """\
{"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":10000,"relation":"gte"},"max_score":null,"hits":[]},"aggregations":{"per_host":{"doc_count_error_upper_bound":0,"sum_other_doc_count":0,"buckets":[{"key":"web-1","doc_count":6,"over_time":{"buckets":[{"key_as_string":"2024-01-05T13:00:00.000Z","key":1704459600000,"doc_count":3,"cpu":{"value":12.5},"p":{"values":{"50.0":1.0,"95.0":2.5}}},{"key_as_string":"2024-01-05T13:05:00.000Z","key":1704459900000,"doc_count":3,"cpu":{"value":null},"p":{"values":{"50.0":null,"95.0":2.5}}}]}},{"key":"web-2","doc_count":6,"over_time":{"buckets":[{"key_as_string":"2024-01-05T13:00:00.000Z","key":1704459600000,"doc_count":3,"cpu":{"value":12.5},"s":{"count":3,"min":1,"max":2,"avg":1.5,"sum":4.5}}]}}]}}}
"""

ELASTIC_DOCUMENTS = """\
{"took":5,"timed_out":true,"hits":{"total":{"value":12},"hits":[{"_index":"m","_id":"1","_source":{"@timestamp":"2024-01-05T13:05:00.000Z","host":{"name":"a"},"cpu":{"pct":0.5}}},{"_index":"m","_id":"2","_source":{"@timestamp":"2024-01-05T13:05:00.000Z","host":{"name":"b"},"cpu":{"pct":0.25}}},{"_index":"m","_id":"3","_source":{"@timestamp":"2024-01-05T13:04:00.000Z","host":{"name":"b"},"cpu":{"pct":0.2}}}]}}
"""

GRAFANA = """\
"Time","cpu","mem","note"\r
2024-01-05 13:05:00,12.3%,999 MB,a\r
2024-01-05 13:06:00,12.4%,1.25 GB,b\r
2024-01-05 13:07:00,,1.3 GiB,b\r
\r
"""

GRAFANA_ROWS = """\
sep=;\r
"Series";"Time";"Value"\r
A;2024-01-05T13:05:00+01:00;1.5\r
A;2024-01-05T13:06:00+01:00;null\r
B;2024-01-05T13:05:00+01:00;2\r
"""

GRAFANA_FRAMES = """\
"Time","A-series"\r
1704459900000,1 ms\r
1704459960000,1.5 s\r
\r
"Time","B-series"\r
1704459900000,1.5 K\r
1704459960000,700\r
"""

ZABBIX = """\
{"jsonrpc":"2.0","result":[{"itemid":"23296","clock":"1704459960","value":"0.0850","ns":"563157632"},{"itemid":"23296","clock":"1704459900","value":"0.16","ns":"549216402"},{"itemid":"23297","clock":"1704459901","value":"5","ns":"1"}],"id":1}
"""

ZABBIX_ERROR = """\
{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params.","data":"Session terminated, re-login, please."},"id":1}
"""

ZABBIX_CSV = """\
itemid,clock,value,ns
23296,1704459900,0.16,549216402
23296,1704459900,0.17,649216402
"""

ZABBIX_TEXT = """\
web-1: CPU load
2024-01-05 13:06:00 1704459960 0.5
2024-01-05 13:05:00 1704459900 0.25
"""

ZABBIX_LINES = """\
{"host":{"host":"Host B","name":"Host B visible"},"groups":["Group X"],"applications":["a"],"itemid":3,"name":"Agent availability","clock":1519304285,"ns":123456789,"value":1,"type":3}
{"host":{"host":"Host B","name":"Host B visible"},"groups":["Group X"],"applications":["a"],"itemid":3,"name":"Agent availability","clock":1519304345,"ns":123456789,"value":0,"type":3}
"""

SAMPLES = {
    "sadf -d (sysstat)": [
        SADF_VERTICAL,
        SADF_HORIZONTAL,
        SADF_MIXED,
        SADF_MIXED_HORIZONTAL,
        SADF_EPOCH,
        SADF_LOCAL,
    ],
    "collectl -P": [COLLECTL_BLANKS, COLLECTL_COMMAS, COLLECTL_UTC],
    "nmon": [NMON],
    "pmrep -o csv (PCP)": [PMREP, PMREP_EXTENDED, PMREP_COMMENTS],
    "rrdtool xport (XML)": [XPORT_XML, XPORT_XML_TIMES],
    "rrdtool xport (JSON)": [XPORT_JSON, XPORT_JSON_TIMES],
    "rrdtool fetch": [FETCH],
    "query_range of Prometheus (JSON)": [
        PROMETHEUS,
        PROMETHEUS_LABELS,
        PROMETHEUS_VECTOR,
        PROMETHEUS_ERROR,
        PROMTOOL,
    ],
    "Graphite, format=raw": [GRAPHITE_RAW],
    "Graphite, format=csv": [GRAPHITE_CSV],
    "Graphite, format=json": [GRAPHITE_JSON],
    "annotated CSV (InfluxDB)": [INFLUX_ANNOTATED, INFLUX_PIVOTED, INFLUX_ERROR],
    "CSV of the InfluxDB 1.x command line": [INFLUX_LINES, INFLUX_TAGS, INFLUX_RFC3339],
    "Kibana CSV": [KIBANA, KIBANA_LENS, KIBANA_CLOCK],
    "answer of Elasticsearch (JSON)": [ELASTIC_BUCKETS, ELASTIC_DOCUMENTS],
    "Grafana CSV": [GRAFANA, GRAFANA_ROWS, GRAFANA_FRAMES],
    "Zabbix history (JSON)": [ZABBIX, ZABBIX_ERROR, ZABBIX_LINES],
    "Zabbix history (CSV)": [ZABBIX_CSV],
    "Zabbix history (plain text)": [ZABBIX_TEXT],
}
