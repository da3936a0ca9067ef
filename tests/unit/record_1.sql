-- A database as version 1 left it, with one made-up run in it: what 'sqlite3 FILE .dump' said.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO meta VALUES('views','7e311d9a2290547f');
CREATE TABLE scenario (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,       -- 16 hex digits, of text and settings
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    path TEXT NOT NULL,
    text TEXT NOT NULL,
    settings TEXT NOT NULL           -- "path=value", one a line
);
INSERT INTO scenario VALUES(1,'8123456789abcdef','made up','no simulator was needed','made-up.yaml',replace('lbsim: 1\n','\n',char(10)),'');
CREATE TABLE experiment (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,              -- compare, sweep
    name TEXT NOT NULL,
    created_s INTEGER NOT NULL
);
CREATE TABLE cell (
    id INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    settings TEXT NOT NULL,
    UNIQUE (experiment, n)
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- what `lbsim report RUN` takes; never used twice
    sequence INTEGER NOT NULL UNIQUE,       -- the latest run has the largest
    scenario INTEGER NOT NULL REFERENCES scenario (id),
    cell INTEGER REFERENCES cell (id) ON DELETE CASCADE,
    variant TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    params TEXT NOT NULL,                   -- "choices=2 replacement=no"
    ideal INTEGER NOT NULL,                 -- 1 = the algorithm knows what no balancer can know
    seed TEXT NOT NULL,                     -- 0 to 2^64 - 1
    replication INTEGER NOT NULL,
    version TEXT NOT NULL,
    build TEXT NOT NULL,
    libc TEXT NOT NULL,
    cpu TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'interrupted')),
    digest TEXT NOT NULL,                   -- 16 hex digits
    started_s INTEGER NOT NULL,
    wall_s REAL NOT NULL,
    events INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('steady', 'transient')),
    duration_ns INTEGER NOT NULL,
    warmup_ns INTEGER NOT NULL,
    sample_ns INTEGER NOT NULL,
    simulated_s REAL NOT NULL,
    arrived INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    good INTEGER NOT NULL,                  -- ok within the objective
    attempts INTEGER NOT NULL,
    latency_sum_ns REAL NOT NULL,           -- of ok requests; min and max NULL when there were none
    latency_min_ns INTEGER,
    latency_max_ns INTEGER,
    -- Response times of ok requests, in the form of table latency.
    response_count INTEGER NOT NULL,
    response_sum_ns REAL NOT NULL,
    response_min_ns INTEGER,
    response_max_ns INTEGER,
    response_first INTEGER NOT NULL,
    response_buckets TEXT NOT NULL
);
INSERT INTO run VALUES(1,1,1,NULL,'base','made-up','ties=yes, twice',1,'7',0,'1.2.3','1.2.3 (x)','glibc 2.36','x86 sse4.2 avx avx2 fma avx512f','done','63cbe1e459320dd7',1795445059,0.25,12345,'transient',4000000000,1000000000,1000000000,3.0,261,252,9,0,252,261,2105712391.0,0,99022222,252,1052856134.0,0,49511111,0,'{"0":1,"27":1,"28":1,"32":1,"34":1,"52":1,"107":1,"113":1,"115":1,"116":1,"135":1,"142":1,"151":1,"152":1,"162":1,"167":1,"180":1,"225":2,"234":1,"239":1,"277":1,"279":1,"282":1,"284":1,"287":1,"288":1,"293":1,"296":1,"297":1,"305":1,"309":1,"310":1,"313":1,"320":1,"323":1,"325":1,"327":1,"331":1,"332":1,"333":1,"335":1,"337":1,"344":1,"348":1,"355":1,"367":2,"369":1,"373":1,"393":1,"412":1,"430":1,"462":1,"464":1,"465":1,"527":1,"534":1,"544":1,"546":1,"550":1,"566":1,"592":1,"593":1,"607":1,"661":1,"664":1,"666":1,"682":1,"710":1,"712":1,"716":1,"718":1,"723":1,"740":1,"755":1,"757":1,"761":1,"763":1,"764":1,"768":1,"779":1,"785":1,"787":1,"789":1,"792":1,"793":1,"794":1,"874":1,"906":1,"907":1,"911":1,"918":1,"927":2,"960":2,"961":1,"980":1,"1002":1,"1006":1,"1024":1,"1025":1,"1035":1,"1055":1,"1082":1,"1086":1,"1093":1,"1096":1,"1102":1,"1110":3,"1119":1,"1130":1,"1141":1,"1147":1,"1152":2,"1153":1,"1162":1,"1166":1,"1179":1,"1183":1,"1185":1,"1190":2,"1196":1,"1198":1,"1199":2,"1203":1,"1207":1,"1211":1,"1213":1,"1217":1,"1225":1,"1271":1,"1337":1,"1384":1,"1385":1,"1396":2,"1398":1,"1421":1,"1429":1,"1456":1,"1459":1,"1472":1,"1479":1,"1512":1,"1520":1,"1540":1,"1541":1,"1543":1,"1550":1,"1560":1,"1563":1,"1567":1,"1574":1,"1597":1,"1598":1,"1604":1,"1624":1,"1626":1,"1629":2,"1631":2,"1638":1,"1774":1,"1842":1,"1864":1,"1874":1,"1875":1,"1876":1,"1900":1,"1921":1,"1925":1,"1926":1,"1928":1,"1948":1,"1950":1,"1952":1,"1961":2,"1968":1,"1970":1,"1972":1,"1974":1,"1981":2,"1983":1,"1986":1,"1987":1,"1990":1,"1993":1,"1997":2,"2014":1,"2024":1,"2025":1,"2027":1,"2044":2,"2046":2,"2047":1,"2049":1,"2050":1,"2053":1,"2054":1,"2061":1,"2065":1,"2069":1,"2070":2,"2072":1,"2092":1,"2119":1,"2148":1,"2164":1,"2168":1,"2179":1,"2191":1,"2209":1,"2249":1,"2285":1,"2290":1,"2306":1,"2308":1,"2309":1,"2313":1,"2320":1,"2345":1,"2364":1,"2373":1,"2382":1,"2403":1,"2429":1,"2437":1,"2440":1,"2448":1,"2466":1,"2473":1,"2477":1,"2478":1,"2480":1,"2481":1,"2486":1,"2487":1,"2492":1}');
CREATE TABLE class (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    client_name TEXT NOT NULL,
    name TEXT NOT NULL,
    share REAL NOT NULL,
    timeout_ns INTEGER NOT NULL,            -- 0 = none
    objective_ns INTEGER NOT NULL,          -- 0 = any
    arrived INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    good INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    latency_sum_ns REAL NOT NULL,
    latency_min_ns INTEGER,
    latency_max_ns INTEGER,
    PRIMARY KEY (run, client, class)
) WITHOUT ROWID;
INSERT INTO class VALUES(1,0,0,'browsers','page',0.75,1000000000,300000000,45,42,3,0,42,45,426907485.0,626,96333333);
INSERT INTO class VALUES(1,0,1,'browsers','report',0.25,1000000000,300000000,87,84,3,0,84,87,982150776.0,0,99022222);
INSERT INTO class VALUES(1,1,0,'machines','call',1.0,0,0,129,126,3,0,126,129,696654130.0,64,95455555);
CREATE TABLE outcome (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    cause TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (run, client, class, cause)
) WITHOUT ROWID;
INSERT INTO outcome VALUES(1,0,0,'ok',42);
INSERT INTO outcome VALUES(1,0,0,'response timeout',3);
INSERT INTO outcome VALUES(1,0,1,'ok',84);
INSERT INTO outcome VALUES(1,0,1,'response timeout',3);
INSERT INTO outcome VALUES(1,1,0,'ok',126);
INSERT INTO outcome VALUES(1,1,0,'response timeout',3);
CREATE TABLE backend (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,                     -- its place in the scenario, from 0
    name TEXT NOT NULL,
    "group" TEXT NOT NULL,
    tier INTEGER NOT NULL,
    weight INTEGER NOT NULL,                -- as declared
    weight_end INTEGER NOT NULL,            -- when the run was over
    slots INTEGER NOT NULL,
    speed REAL NOT NULL,
    picks INTEGER NOT NULL,                 -- attempts of measured requests
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    utilization REAL NOT NULL,              -- the rest: time averages over the measured window
    in_flight_mean REAL NOT NULL,
    queue_mean REAL NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
INSERT INTO backend VALUES(1,0,'web1','web',0,1,1,4,1.0,134,0,0,0.5,0.0,0.0);
INSERT INTO backend VALUES(1,1,'app2','app',0,2,2,4,1.0,127,0,0,0.5,0.0,0.0);
CREATE TABLE latency_total (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    below INTEGER NOT NULL,                 -- values in the buckets before this one
    count INTEGER NOT NULL,                 -- values in this one
    PRIMARY KEY (run, client, class, bucket)
) WITHOUT ROWID;
INSERT INTO latency_total VALUES(1,-1,-1,0,0,1);
INSERT INTO latency_total VALUES(1,-1,-1,55,1,1);
INSERT INTO latency_total VALUES(1,-1,-1,56,2,1);
INSERT INTO latency_total VALUES(1,-1,-1,64,3,1);
INSERT INTO latency_total VALUES(1,-1,-1,68,4,1);
INSERT INTO latency_total VALUES(1,-1,-1,105,5,1);
INSERT INTO latency_total VALUES(1,-1,-1,214,6,1);
INSERT INTO latency_total VALUES(1,-1,-1,226,7,1);
INSERT INTO latency_total VALUES(1,-1,-1,231,8,1);
INSERT INTO latency_total VALUES(1,-1,-1,232,9,1);
INSERT INTO latency_total VALUES(1,-1,-1,263,10,1);
INSERT INTO latency_total VALUES(1,-1,-1,270,11,1);
INSERT INTO latency_total VALUES(1,-1,-1,279,12,1);
INSERT INTO latency_total VALUES(1,-1,-1,280,13,1);
INSERT INTO latency_total VALUES(1,-1,-1,290,14,1);
INSERT INTO latency_total VALUES(1,-1,-1,295,15,1);
INSERT INTO latency_total VALUES(1,-1,-1,308,16,1);
INSERT INTO latency_total VALUES(1,-1,-1,353,17,2);
INSERT INTO latency_total VALUES(1,-1,-1,362,19,1);
INSERT INTO latency_total VALUES(1,-1,-1,367,20,1);
INSERT INTO latency_total VALUES(1,-1,-1,405,21,1);
INSERT INTO latency_total VALUES(1,-1,-1,407,22,1);
INSERT INTO latency_total VALUES(1,-1,-1,410,23,1);
INSERT INTO latency_total VALUES(1,-1,-1,412,24,1);
INSERT INTO latency_total VALUES(1,-1,-1,415,25,1);
INSERT INTO latency_total VALUES(1,-1,-1,416,26,1);
INSERT INTO latency_total VALUES(1,-1,-1,421,27,1);
INSERT INTO latency_total VALUES(1,-1,-1,424,28,1);
INSERT INTO latency_total VALUES(1,-1,-1,425,29,1);
INSERT INTO latency_total VALUES(1,-1,-1,433,30,1);
INSERT INTO latency_total VALUES(1,-1,-1,437,31,1);
INSERT INTO latency_total VALUES(1,-1,-1,438,32,1);
INSERT INTO latency_total VALUES(1,-1,-1,441,33,1);
INSERT INTO latency_total VALUES(1,-1,-1,448,34,1);
INSERT INTO latency_total VALUES(1,-1,-1,451,35,1);
INSERT INTO latency_total VALUES(1,-1,-1,453,36,1);
INSERT INTO latency_total VALUES(1,-1,-1,455,37,1);
INSERT INTO latency_total VALUES(1,-1,-1,459,38,1);
INSERT INTO latency_total VALUES(1,-1,-1,460,39,1);
INSERT INTO latency_total VALUES(1,-1,-1,461,40,1);
INSERT INTO latency_total VALUES(1,-1,-1,463,41,1);
INSERT INTO latency_total VALUES(1,-1,-1,465,42,1);
INSERT INTO latency_total VALUES(1,-1,-1,472,43,1);
INSERT INTO latency_total VALUES(1,-1,-1,476,44,1);
INSERT INTO latency_total VALUES(1,-1,-1,483,45,1);
INSERT INTO latency_total VALUES(1,-1,-1,495,46,2);
INSERT INTO latency_total VALUES(1,-1,-1,497,48,1);
INSERT INTO latency_total VALUES(1,-1,-1,501,49,1);
INSERT INTO latency_total VALUES(1,-1,-1,521,50,1);
INSERT INTO latency_total VALUES(1,-1,-1,540,51,1);
INSERT INTO latency_total VALUES(1,-1,-1,558,52,1);
INSERT INTO latency_total VALUES(1,-1,-1,590,53,1);
INSERT INTO latency_total VALUES(1,-1,-1,592,54,1);
INSERT INTO latency_total VALUES(1,-1,-1,593,55,1);
INSERT INTO latency_total VALUES(1,-1,-1,655,56,1);
INSERT INTO latency_total VALUES(1,-1,-1,662,57,1);
INSERT INTO latency_total VALUES(1,-1,-1,672,58,1);
INSERT INTO latency_total VALUES(1,-1,-1,674,59,1);
INSERT INTO latency_total VALUES(1,-1,-1,678,60,1);
INSERT INTO latency_total VALUES(1,-1,-1,694,61,1);
INSERT INTO latency_total VALUES(1,-1,-1,720,62,1);
INSERT INTO latency_total VALUES(1,-1,-1,721,63,1);
INSERT INTO latency_total VALUES(1,-1,-1,735,64,1);
INSERT INTO latency_total VALUES(1,-1,-1,789,65,1);
INSERT INTO latency_total VALUES(1,-1,-1,792,66,1);
INSERT INTO latency_total VALUES(1,-1,-1,794,67,1);
INSERT INTO latency_total VALUES(1,-1,-1,810,68,1);
INSERT INTO latency_total VALUES(1,-1,-1,838,69,1);
INSERT INTO latency_total VALUES(1,-1,-1,840,70,1);
INSERT INTO latency_total VALUES(1,-1,-1,844,71,1);
INSERT INTO latency_total VALUES(1,-1,-1,846,72,1);
INSERT INTO latency_total VALUES(1,-1,-1,851,73,1);
INSERT INTO latency_total VALUES(1,-1,-1,868,74,1);
INSERT INTO latency_total VALUES(1,-1,-1,883,75,1);
INSERT INTO latency_total VALUES(1,-1,-1,885,76,1);
INSERT INTO latency_total VALUES(1,-1,-1,889,77,1);
INSERT INTO latency_total VALUES(1,-1,-1,891,78,1);
INSERT INTO latency_total VALUES(1,-1,-1,892,79,1);
INSERT INTO latency_total VALUES(1,-1,-1,896,80,1);
INSERT INTO latency_total VALUES(1,-1,-1,907,81,1);
INSERT INTO latency_total VALUES(1,-1,-1,913,82,1);
INSERT INTO latency_total VALUES(1,-1,-1,915,83,1);
INSERT INTO latency_total VALUES(1,-1,-1,917,84,1);
INSERT INTO latency_total VALUES(1,-1,-1,920,85,1);
INSERT INTO latency_total VALUES(1,-1,-1,921,86,1);
INSERT INTO latency_total VALUES(1,-1,-1,922,87,1);
INSERT INTO latency_total VALUES(1,-1,-1,1002,88,1);
INSERT INTO latency_total VALUES(1,-1,-1,1034,89,1);
INSERT INTO latency_total VALUES(1,-1,-1,1035,90,1);
INSERT INTO latency_total VALUES(1,-1,-1,1039,91,1);
INSERT INTO latency_total VALUES(1,-1,-1,1046,92,1);
INSERT INTO latency_total VALUES(1,-1,-1,1055,93,2);
INSERT INTO latency_total VALUES(1,-1,-1,1088,95,2);
INSERT INTO latency_total VALUES(1,-1,-1,1089,97,1);
INSERT INTO latency_total VALUES(1,-1,-1,1108,98,1);
INSERT INTO latency_total VALUES(1,-1,-1,1130,99,1);
INSERT INTO latency_total VALUES(1,-1,-1,1134,100,1);
INSERT INTO latency_total VALUES(1,-1,-1,1152,101,1);
INSERT INTO latency_total VALUES(1,-1,-1,1153,102,1);
INSERT INTO latency_total VALUES(1,-1,-1,1163,103,1);
INSERT INTO latency_total VALUES(1,-1,-1,1183,104,1);
INSERT INTO latency_total VALUES(1,-1,-1,1210,105,1);
INSERT INTO latency_total VALUES(1,-1,-1,1214,106,1);
INSERT INTO latency_total VALUES(1,-1,-1,1221,107,1);
INSERT INTO latency_total VALUES(1,-1,-1,1224,108,1);
INSERT INTO latency_total VALUES(1,-1,-1,1230,109,1);
INSERT INTO latency_total VALUES(1,-1,-1,1238,110,3);
INSERT INTO latency_total VALUES(1,-1,-1,1247,113,1);
INSERT INTO latency_total VALUES(1,-1,-1,1258,114,1);
INSERT INTO latency_total VALUES(1,-1,-1,1269,115,1);
INSERT INTO latency_total VALUES(1,-1,-1,1275,116,1);
INSERT INTO latency_total VALUES(1,-1,-1,1280,117,2);
INSERT INTO latency_total VALUES(1,-1,-1,1281,119,1);
INSERT INTO latency_total VALUES(1,-1,-1,1290,120,1);
INSERT INTO latency_total VALUES(1,-1,-1,1294,121,1);
INSERT INTO latency_total VALUES(1,-1,-1,1307,122,1);
INSERT INTO latency_total VALUES(1,-1,-1,1311,123,1);
INSERT INTO latency_total VALUES(1,-1,-1,1313,124,1);
INSERT INTO latency_total VALUES(1,-1,-1,1318,125,2);
INSERT INTO latency_total VALUES(1,-1,-1,1324,127,1);
INSERT INTO latency_total VALUES(1,-1,-1,1326,128,1);
INSERT INTO latency_total VALUES(1,-1,-1,1327,129,2);
INSERT INTO latency_total VALUES(1,-1,-1,1331,131,1);
INSERT INTO latency_total VALUES(1,-1,-1,1335,132,1);
INSERT INTO latency_total VALUES(1,-1,-1,1339,133,1);
INSERT INTO latency_total VALUES(1,-1,-1,1341,134,1);
INSERT INTO latency_total VALUES(1,-1,-1,1345,135,1);
INSERT INTO latency_total VALUES(1,-1,-1,1353,136,1);
INSERT INTO latency_total VALUES(1,-1,-1,1399,137,1);
INSERT INTO latency_total VALUES(1,-1,-1,1465,138,1);
INSERT INTO latency_total VALUES(1,-1,-1,1512,139,1);
INSERT INTO latency_total VALUES(1,-1,-1,1513,140,1);
INSERT INTO latency_total VALUES(1,-1,-1,1524,141,2);
INSERT INTO latency_total VALUES(1,-1,-1,1526,143,1);
INSERT INTO latency_total VALUES(1,-1,-1,1549,144,1);
INSERT INTO latency_total VALUES(1,-1,-1,1557,145,1);
INSERT INTO latency_total VALUES(1,-1,-1,1584,146,1);
INSERT INTO latency_total VALUES(1,-1,-1,1587,147,1);
INSERT INTO latency_total VALUES(1,-1,-1,1600,148,1);
INSERT INTO latency_total VALUES(1,-1,-1,1607,149,1);
INSERT INTO latency_total VALUES(1,-1,-1,1640,150,1);
INSERT INTO latency_total VALUES(1,-1,-1,1648,151,1);
INSERT INTO latency_total VALUES(1,-1,-1,1668,152,1);
INSERT INTO latency_total VALUES(1,-1,-1,1669,153,1);
INSERT INTO latency_total VALUES(1,-1,-1,1671,154,1);
INSERT INTO latency_total VALUES(1,-1,-1,1678,155,1);
INSERT INTO latency_total VALUES(1,-1,-1,1688,156,1);
INSERT INTO latency_total VALUES(1,-1,-1,1691,157,1);
INSERT INTO latency_total VALUES(1,-1,-1,1695,158,1);
INSERT INTO latency_total VALUES(1,-1,-1,1702,159,1);
INSERT INTO latency_total VALUES(1,-1,-1,1725,160,1);
INSERT INTO latency_total VALUES(1,-1,-1,1726,161,1);
INSERT INTO latency_total VALUES(1,-1,-1,1732,162,1);
INSERT INTO latency_total VALUES(1,-1,-1,1752,163,1);
INSERT INTO latency_total VALUES(1,-1,-1,1754,164,1);
INSERT INTO latency_total VALUES(1,-1,-1,1757,165,2);
INSERT INTO latency_total VALUES(1,-1,-1,1759,167,2);
INSERT INTO latency_total VALUES(1,-1,-1,1766,169,1);
INSERT INTO latency_total VALUES(1,-1,-1,1902,170,1);
INSERT INTO latency_total VALUES(1,-1,-1,1970,171,1);
INSERT INTO latency_total VALUES(1,-1,-1,1992,172,1);
INSERT INTO latency_total VALUES(1,-1,-1,2002,173,1);
INSERT INTO latency_total VALUES(1,-1,-1,2003,174,1);
INSERT INTO latency_total VALUES(1,-1,-1,2004,175,1);
INSERT INTO latency_total VALUES(1,-1,-1,2028,176,1);
INSERT INTO latency_total VALUES(1,-1,-1,2049,177,1);
INSERT INTO latency_total VALUES(1,-1,-1,2053,178,1);
INSERT INTO latency_total VALUES(1,-1,-1,2054,179,1);
INSERT INTO latency_total VALUES(1,-1,-1,2056,180,1);
INSERT INTO latency_total VALUES(1,-1,-1,2076,181,1);
INSERT INTO latency_total VALUES(1,-1,-1,2078,182,1);
INSERT INTO latency_total VALUES(1,-1,-1,2080,183,1);
INSERT INTO latency_total VALUES(1,-1,-1,2089,184,2);
INSERT INTO latency_total VALUES(1,-1,-1,2096,186,1);
INSERT INTO latency_total VALUES(1,-1,-1,2098,187,1);
INSERT INTO latency_total VALUES(1,-1,-1,2100,188,1);
INSERT INTO latency_total VALUES(1,-1,-1,2102,189,1);
INSERT INTO latency_total VALUES(1,-1,-1,2109,190,2);
INSERT INTO latency_total VALUES(1,-1,-1,2111,192,1);
INSERT INTO latency_total VALUES(1,-1,-1,2114,193,1);
INSERT INTO latency_total VALUES(1,-1,-1,2115,194,1);
INSERT INTO latency_total VALUES(1,-1,-1,2118,195,1);
INSERT INTO latency_total VALUES(1,-1,-1,2121,196,1);
INSERT INTO latency_total VALUES(1,-1,-1,2125,197,2);
INSERT INTO latency_total VALUES(1,-1,-1,2142,199,1);
INSERT INTO latency_total VALUES(1,-1,-1,2152,200,1);
INSERT INTO latency_total VALUES(1,-1,-1,2153,201,1);
INSERT INTO latency_total VALUES(1,-1,-1,2155,202,1);
INSERT INTO latency_total VALUES(1,-1,-1,2172,203,2);
INSERT INTO latency_total VALUES(1,-1,-1,2174,205,2);
INSERT INTO latency_total VALUES(1,-1,-1,2175,207,1);
INSERT INTO latency_total VALUES(1,-1,-1,2177,208,1);
INSERT INTO latency_total VALUES(1,-1,-1,2178,209,1);
INSERT INTO latency_total VALUES(1,-1,-1,2181,210,1);
INSERT INTO latency_total VALUES(1,-1,-1,2182,211,1);
INSERT INTO latency_total VALUES(1,-1,-1,2189,212,1);
INSERT INTO latency_total VALUES(1,-1,-1,2193,213,1);
INSERT INTO latency_total VALUES(1,-1,-1,2197,214,1);
INSERT INTO latency_total VALUES(1,-1,-1,2198,215,2);
INSERT INTO latency_total VALUES(1,-1,-1,2200,217,1);
INSERT INTO latency_total VALUES(1,-1,-1,2220,218,1);
INSERT INTO latency_total VALUES(1,-1,-1,2247,219,1);
INSERT INTO latency_total VALUES(1,-1,-1,2276,220,1);
INSERT INTO latency_total VALUES(1,-1,-1,2292,221,1);
INSERT INTO latency_total VALUES(1,-1,-1,2296,222,1);
INSERT INTO latency_total VALUES(1,-1,-1,2307,223,1);
INSERT INTO latency_total VALUES(1,-1,-1,2319,224,1);
INSERT INTO latency_total VALUES(1,-1,-1,2337,225,1);
INSERT INTO latency_total VALUES(1,-1,-1,2377,226,1);
INSERT INTO latency_total VALUES(1,-1,-1,2413,227,1);
INSERT INTO latency_total VALUES(1,-1,-1,2418,228,1);
INSERT INTO latency_total VALUES(1,-1,-1,2434,229,1);
INSERT INTO latency_total VALUES(1,-1,-1,2436,230,1);
INSERT INTO latency_total VALUES(1,-1,-1,2437,231,1);
INSERT INTO latency_total VALUES(1,-1,-1,2441,232,1);
INSERT INTO latency_total VALUES(1,-1,-1,2448,233,1);
INSERT INTO latency_total VALUES(1,-1,-1,2473,234,1);
INSERT INTO latency_total VALUES(1,-1,-1,2492,235,1);
INSERT INTO latency_total VALUES(1,-1,-1,2501,236,1);
INSERT INTO latency_total VALUES(1,-1,-1,2510,237,1);
INSERT INTO latency_total VALUES(1,-1,-1,2531,238,1);
INSERT INTO latency_total VALUES(1,-1,-1,2557,239,1);
INSERT INTO latency_total VALUES(1,-1,-1,2565,240,1);
INSERT INTO latency_total VALUES(1,-1,-1,2568,241,1);
INSERT INTO latency_total VALUES(1,-1,-1,2576,242,1);
INSERT INTO latency_total VALUES(1,-1,-1,2594,243,1);
INSERT INTO latency_total VALUES(1,-1,-1,2601,244,1);
INSERT INTO latency_total VALUES(1,-1,-1,2605,245,1);
INSERT INTO latency_total VALUES(1,-1,-1,2606,246,1);
INSERT INTO latency_total VALUES(1,-1,-1,2608,247,1);
INSERT INTO latency_total VALUES(1,-1,-1,2609,248,1);
INSERT INTO latency_total VALUES(1,-1,-1,2614,249,1);
INSERT INTO latency_total VALUES(1,-1,-1,2615,250,1);
INSERT INTO latency_total VALUES(1,-1,-1,2620,251,1);
INSERT INTO latency_total VALUES(1,0,0,412,0,1);
INSERT INTO latency_total VALUES(1,0,0,451,1,1);
INSERT INTO latency_total VALUES(1,0,0,476,2,1);
INSERT INTO latency_total VALUES(1,0,0,495,3,1);
INSERT INTO latency_total VALUES(1,0,0,655,4,1);
INSERT INTO latency_total VALUES(1,0,0,678,5,1);
INSERT INTO latency_total VALUES(1,0,0,889,6,1);
INSERT INTO latency_total VALUES(1,0,0,891,7,1);
INSERT INTO latency_total VALUES(1,0,0,892,8,1);
INSERT INTO latency_total VALUES(1,0,0,920,9,1);
INSERT INTO latency_total VALUES(1,0,0,1002,10,1);
INSERT INTO latency_total VALUES(1,0,0,1039,11,1);
INSERT INTO latency_total VALUES(1,0,0,1055,12,1);
INSERT INTO latency_total VALUES(1,0,0,1088,13,1);
INSERT INTO latency_total VALUES(1,0,0,1134,14,1);
INSERT INTO latency_total VALUES(1,0,0,1214,15,1);
INSERT INTO latency_total VALUES(1,0,0,1221,16,1);
INSERT INTO latency_total VALUES(1,0,0,1269,17,1);
INSERT INTO latency_total VALUES(1,0,0,1294,18,1);
INSERT INTO latency_total VALUES(1,0,0,1326,19,1);
INSERT INTO latency_total VALUES(1,0,0,1335,20,1);
INSERT INTO latency_total VALUES(1,0,0,1339,21,1);
INSERT INTO latency_total VALUES(1,0,0,1587,22,1);
INSERT INTO latency_total VALUES(1,0,0,1671,23,1);
INSERT INTO latency_total VALUES(1,0,0,1688,24,1);
INSERT INTO latency_total VALUES(1,0,0,2003,25,1);
INSERT INTO latency_total VALUES(1,0,0,2004,26,1);
INSERT INTO latency_total VALUES(1,0,0,2028,27,1);
INSERT INTO latency_total VALUES(1,0,0,2056,28,1);
INSERT INTO latency_total VALUES(1,0,0,2089,29,1);
INSERT INTO latency_total VALUES(1,0,0,2102,30,1);
INSERT INTO latency_total VALUES(1,0,0,2115,31,1);
INSERT INTO latency_total VALUES(1,0,0,2125,32,2);
INSERT INTO latency_total VALUES(1,0,0,2155,34,1);
INSERT INTO latency_total VALUES(1,0,0,2172,35,1);
INSERT INTO latency_total VALUES(1,0,0,2247,36,1);
INSERT INTO latency_total VALUES(1,0,0,2296,37,1);
INSERT INTO latency_total VALUES(1,0,0,2510,38,1);
INSERT INTO latency_total VALUES(1,0,0,2605,39,1);
INSERT INTO latency_total VALUES(1,0,0,2606,40,1);
INSERT INTO latency_total VALUES(1,0,0,2615,41,1);
INSERT INTO latency_total VALUES(1,0,1,0,0,1);
INSERT INTO latency_total VALUES(1,0,1,55,1,1);
INSERT INTO latency_total VALUES(1,0,1,56,2,1);
INSERT INTO latency_total VALUES(1,0,1,231,3,1);
INSERT INTO latency_total VALUES(1,0,1,279,4,1);
INSERT INTO latency_total VALUES(1,0,1,280,5,1);
INSERT INTO latency_total VALUES(1,0,1,290,6,1);
INSERT INTO latency_total VALUES(1,0,1,295,7,1);
INSERT INTO latency_total VALUES(1,0,1,353,8,1);
INSERT INTO latency_total VALUES(1,0,1,367,9,1);
INSERT INTO latency_total VALUES(1,0,1,407,10,1);
INSERT INTO latency_total VALUES(1,0,1,424,11,1);
INSERT INTO latency_total VALUES(1,0,1,441,12,1);
INSERT INTO latency_total VALUES(1,0,1,448,13,1);
INSERT INTO latency_total VALUES(1,0,1,455,14,1);
INSERT INTO latency_total VALUES(1,0,1,460,15,1);
INSERT INTO latency_total VALUES(1,0,1,461,16,1);
INSERT INTO latency_total VALUES(1,0,1,483,17,1);
INSERT INTO latency_total VALUES(1,0,1,495,18,1);
INSERT INTO latency_total VALUES(1,0,1,501,19,1);
INSERT INTO latency_total VALUES(1,0,1,521,20,1);
INSERT INTO latency_total VALUES(1,0,1,558,21,1);
INSERT INTO latency_total VALUES(1,0,1,662,22,1);
INSERT INTO latency_total VALUES(1,0,1,672,23,1);
INSERT INTO latency_total VALUES(1,0,1,694,24,1);
INSERT INTO latency_total VALUES(1,0,1,735,25,1);
INSERT INTO latency_total VALUES(1,0,1,789,26,1);
INSERT INTO latency_total VALUES(1,0,1,810,27,1);
INSERT INTO latency_total VALUES(1,0,1,838,28,1);
INSERT INTO latency_total VALUES(1,0,1,840,29,1);
INSERT INTO latency_total VALUES(1,0,1,851,30,1);
INSERT INTO latency_total VALUES(1,0,1,885,31,1);
INSERT INTO latency_total VALUES(1,0,1,907,32,1);
INSERT INTO latency_total VALUES(1,0,1,915,33,1);
INSERT INTO latency_total VALUES(1,0,1,1035,34,1);
INSERT INTO latency_total VALUES(1,0,1,1046,35,1);
INSERT INTO latency_total VALUES(1,0,1,1088,36,1);
INSERT INTO latency_total VALUES(1,0,1,1130,37,1);
INSERT INTO latency_total VALUES(1,0,1,1152,38,1);
INSERT INTO latency_total VALUES(1,0,1,1238,39,3);
INSERT INTO latency_total VALUES(1,0,1,1280,42,1);
INSERT INTO latency_total VALUES(1,0,1,1281,43,1);
INSERT INTO latency_total VALUES(1,0,1,1311,44,1);
INSERT INTO latency_total VALUES(1,0,1,1327,45,1);
INSERT INTO latency_total VALUES(1,0,1,1345,46,1);
INSERT INTO latency_total VALUES(1,0,1,1399,47,1);
INSERT INTO latency_total VALUES(1,0,1,1465,48,1);
INSERT INTO latency_total VALUES(1,0,1,1584,49,1);
INSERT INTO latency_total VALUES(1,0,1,1640,50,1);
INSERT INTO latency_total VALUES(1,0,1,1648,51,1);
INSERT INTO latency_total VALUES(1,0,1,1668,52,1);
INSERT INTO latency_total VALUES(1,0,1,1702,53,1);
INSERT INTO latency_total VALUES(1,0,1,1725,54,1);
INSERT INTO latency_total VALUES(1,0,1,1732,55,1);
INSERT INTO latency_total VALUES(1,0,1,1992,56,1);
INSERT INTO latency_total VALUES(1,0,1,2002,57,1);
INSERT INTO latency_total VALUES(1,0,1,2049,58,1);
INSERT INTO latency_total VALUES(1,0,1,2078,59,1);
INSERT INTO latency_total VALUES(1,0,1,2098,60,1);
INSERT INTO latency_total VALUES(1,0,1,2109,61,1);
INSERT INTO latency_total VALUES(1,0,1,2114,62,1);
INSERT INTO latency_total VALUES(1,0,1,2121,63,1);
INSERT INTO latency_total VALUES(1,0,1,2175,64,1);
INSERT INTO latency_total VALUES(1,0,1,2177,65,1);
INSERT INTO latency_total VALUES(1,0,1,2193,66,1);
INSERT INTO latency_total VALUES(1,0,1,2198,67,1);
INSERT INTO latency_total VALUES(1,0,1,2319,68,1);
INSERT INTO latency_total VALUES(1,0,1,2337,69,1);
INSERT INTO latency_total VALUES(1,0,1,2413,70,1);
INSERT INTO latency_total VALUES(1,0,1,2434,71,1);
INSERT INTO latency_total VALUES(1,0,1,2441,72,1);
INSERT INTO latency_total VALUES(1,0,1,2448,73,1);
INSERT INTO latency_total VALUES(1,0,1,2473,74,1);
INSERT INTO latency_total VALUES(1,0,1,2492,75,1);
INSERT INTO latency_total VALUES(1,0,1,2501,76,1);
INSERT INTO latency_total VALUES(1,0,1,2531,77,1);
INSERT INTO latency_total VALUES(1,0,1,2565,78,1);
INSERT INTO latency_total VALUES(1,0,1,2576,79,1);
INSERT INTO latency_total VALUES(1,0,1,2594,80,1);
INSERT INTO latency_total VALUES(1,0,1,2608,81,1);
INSERT INTO latency_total VALUES(1,0,1,2609,82,1);
INSERT INTO latency_total VALUES(1,0,1,2620,83,1);
INSERT INTO latency_total VALUES(1,1,0,64,0,1);
INSERT INTO latency_total VALUES(1,1,0,68,1,1);
INSERT INTO latency_total VALUES(1,1,0,105,2,1);
INSERT INTO latency_total VALUES(1,1,0,214,3,1);
INSERT INTO latency_total VALUES(1,1,0,226,4,1);
INSERT INTO latency_total VALUES(1,1,0,232,5,1);
INSERT INTO latency_total VALUES(1,1,0,263,6,1);
INSERT INTO latency_total VALUES(1,1,0,270,7,1);
INSERT INTO latency_total VALUES(1,1,0,308,8,1);
INSERT INTO latency_total VALUES(1,1,0,353,9,1);
INSERT INTO latency_total VALUES(1,1,0,362,10,1);
INSERT INTO latency_total VALUES(1,1,0,405,11,1);
INSERT INTO latency_total VALUES(1,1,0,410,12,1);
INSERT INTO latency_total VALUES(1,1,0,415,13,1);
INSERT INTO latency_total VALUES(1,1,0,416,14,1);
INSERT INTO latency_total VALUES(1,1,0,421,15,1);
INSERT INTO latency_total VALUES(1,1,0,425,16,1);
INSERT INTO latency_total VALUES(1,1,0,433,17,1);
INSERT INTO latency_total VALUES(1,1,0,437,18,1);
INSERT INTO latency_total VALUES(1,1,0,438,19,1);
INSERT INTO latency_total VALUES(1,1,0,453,20,1);
INSERT INTO latency_total VALUES(1,1,0,459,21,1);
INSERT INTO latency_total VALUES(1,1,0,463,22,1);
INSERT INTO latency_total VALUES(1,1,0,465,23,1);
INSERT INTO latency_total VALUES(1,1,0,472,24,1);
INSERT INTO latency_total VALUES(1,1,0,497,25,1);
INSERT INTO latency_total VALUES(1,1,0,540,26,1);
INSERT INTO latency_total VALUES(1,1,0,590,27,1);
INSERT INTO latency_total VALUES(1,1,0,592,28,1);
INSERT INTO latency_total VALUES(1,1,0,593,29,1);
INSERT INTO latency_total VALUES(1,1,0,674,30,1);
INSERT INTO latency_total VALUES(1,1,0,720,31,1);
INSERT INTO latency_total VALUES(1,1,0,721,32,1);
INSERT INTO latency_total VALUES(1,1,0,792,33,1);
INSERT INTO latency_total VALUES(1,1,0,794,34,1);
INSERT INTO latency_total VALUES(1,1,0,844,35,1);
INSERT INTO latency_total VALUES(1,1,0,846,36,1);
INSERT INTO latency_total VALUES(1,1,0,868,37,1);
INSERT INTO latency_total VALUES(1,1,0,883,38,1);
INSERT INTO latency_total VALUES(1,1,0,896,39,1);
INSERT INTO latency_total VALUES(1,1,0,913,40,1);
INSERT INTO latency_total VALUES(1,1,0,917,41,1);
INSERT INTO latency_total VALUES(1,1,0,921,42,1);
INSERT INTO latency_total VALUES(1,1,0,922,43,1);
INSERT INTO latency_total VALUES(1,1,0,1034,44,1);
INSERT INTO latency_total VALUES(1,1,0,1055,45,1);
INSERT INTO latency_total VALUES(1,1,0,1089,46,1);
INSERT INTO latency_total VALUES(1,1,0,1108,47,1);
INSERT INTO latency_total VALUES(1,1,0,1153,48,1);
INSERT INTO latency_total VALUES(1,1,0,1163,49,1);
INSERT INTO latency_total VALUES(1,1,0,1183,50,1);
INSERT INTO latency_total VALUES(1,1,0,1210,51,1);
INSERT INTO latency_total VALUES(1,1,0,1224,52,1);
INSERT INTO latency_total VALUES(1,1,0,1230,53,1);
INSERT INTO latency_total VALUES(1,1,0,1247,54,1);
INSERT INTO latency_total VALUES(1,1,0,1258,55,1);
INSERT INTO latency_total VALUES(1,1,0,1275,56,1);
INSERT INTO latency_total VALUES(1,1,0,1280,57,1);
INSERT INTO latency_total VALUES(1,1,0,1290,58,1);
INSERT INTO latency_total VALUES(1,1,0,1307,59,1);
INSERT INTO latency_total VALUES(1,1,0,1313,60,1);
INSERT INTO latency_total VALUES(1,1,0,1318,61,2);
INSERT INTO latency_total VALUES(1,1,0,1324,63,1);
INSERT INTO latency_total VALUES(1,1,0,1327,64,1);
INSERT INTO latency_total VALUES(1,1,0,1331,65,1);
INSERT INTO latency_total VALUES(1,1,0,1341,66,1);
INSERT INTO latency_total VALUES(1,1,0,1353,67,1);
INSERT INTO latency_total VALUES(1,1,0,1512,68,1);
INSERT INTO latency_total VALUES(1,1,0,1513,69,1);
INSERT INTO latency_total VALUES(1,1,0,1524,70,2);
INSERT INTO latency_total VALUES(1,1,0,1526,72,1);
INSERT INTO latency_total VALUES(1,1,0,1549,73,1);
INSERT INTO latency_total VALUES(1,1,0,1557,74,1);
INSERT INTO latency_total VALUES(1,1,0,1600,75,1);
INSERT INTO latency_total VALUES(1,1,0,1607,76,1);
INSERT INTO latency_total VALUES(1,1,0,1669,77,1);
INSERT INTO latency_total VALUES(1,1,0,1678,78,1);
INSERT INTO latency_total VALUES(1,1,0,1691,79,1);
INSERT INTO latency_total VALUES(1,1,0,1695,80,1);
INSERT INTO latency_total VALUES(1,1,0,1726,81,1);
INSERT INTO latency_total VALUES(1,1,0,1752,82,1);
INSERT INTO latency_total VALUES(1,1,0,1754,83,1);
INSERT INTO latency_total VALUES(1,1,0,1757,84,2);
INSERT INTO latency_total VALUES(1,1,0,1759,86,2);
INSERT INTO latency_total VALUES(1,1,0,1766,88,1);
INSERT INTO latency_total VALUES(1,1,0,1902,89,1);
INSERT INTO latency_total VALUES(1,1,0,1970,90,1);
INSERT INTO latency_total VALUES(1,1,0,2053,91,1);
INSERT INTO latency_total VALUES(1,1,0,2054,92,1);
INSERT INTO latency_total VALUES(1,1,0,2076,93,1);
INSERT INTO latency_total VALUES(1,1,0,2080,94,1);
INSERT INTO latency_total VALUES(1,1,0,2089,95,1);
INSERT INTO latency_total VALUES(1,1,0,2096,96,1);
INSERT INTO latency_total VALUES(1,1,0,2100,97,1);
INSERT INTO latency_total VALUES(1,1,0,2109,98,1);
INSERT INTO latency_total VALUES(1,1,0,2111,99,1);
INSERT INTO latency_total VALUES(1,1,0,2118,100,1);
INSERT INTO latency_total VALUES(1,1,0,2142,101,1);
INSERT INTO latency_total VALUES(1,1,0,2152,102,1);
INSERT INTO latency_total VALUES(1,1,0,2153,103,1);
INSERT INTO latency_total VALUES(1,1,0,2172,104,1);
INSERT INTO latency_total VALUES(1,1,0,2174,105,2);
INSERT INTO latency_total VALUES(1,1,0,2178,107,1);
INSERT INTO latency_total VALUES(1,1,0,2181,108,1);
INSERT INTO latency_total VALUES(1,1,0,2182,109,1);
INSERT INTO latency_total VALUES(1,1,0,2189,110,1);
INSERT INTO latency_total VALUES(1,1,0,2197,111,1);
INSERT INTO latency_total VALUES(1,1,0,2198,112,1);
INSERT INTO latency_total VALUES(1,1,0,2200,113,1);
INSERT INTO latency_total VALUES(1,1,0,2220,114,1);
INSERT INTO latency_total VALUES(1,1,0,2276,115,1);
INSERT INTO latency_total VALUES(1,1,0,2292,116,1);
INSERT INTO latency_total VALUES(1,1,0,2307,117,1);
INSERT INTO latency_total VALUES(1,1,0,2377,118,1);
INSERT INTO latency_total VALUES(1,1,0,2418,119,1);
INSERT INTO latency_total VALUES(1,1,0,2436,120,1);
INSERT INTO latency_total VALUES(1,1,0,2437,121,1);
INSERT INTO latency_total VALUES(1,1,0,2557,122,1);
INSERT INTO latency_total VALUES(1,1,0,2568,123,1);
INSERT INTO latency_total VALUES(1,1,0,2601,124,1);
INSERT INTO latency_total VALUES(1,1,0,2614,125,1);
CREATE TABLE latency (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    from_ns INTEGER NOT NULL,
    until_ns INTEGER NOT NULL,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    cause TEXT NOT NULL,                    -- 'ok', or why it failed
    count INTEGER NOT NULL,
    sum_ns REAL NOT NULL,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    first INTEGER NOT NULL,
    buckets TEXT NOT NULL,
    PRIMARY KEY (run, from_ns, until_ns, client, class, cause)
);
INSERT INTO latency VALUES(1,1000000000,2000000000,0,0,'ok',7,10327969.0,7988,6745555,889,'{"0":1,"2":1,"166":1,"245":1,"325":1,"1114":1,"1236":1}');
INSERT INTO latency VALUES(1,1000000000,2000000000,0,0,'response timeout',1,182444.0,182444,182444,1458,'[1]');
INSERT INTO latency VALUES(1,1000000000,2000000000,0,1,'ok',14,180894391.0,0,99022222,0,'{"0":1,"441":1,"455":1,"1238":1,"1345":1,"1465":1,"1702":1,"1992":1,"2002":1,"2049":1,"2175":1,"2198":1,"2501":1,"2620":1}');
INSERT INTO latency VALUES(1,1000000000,2000000000,0,1,'response timeout',1,8131.0,8131,8131,894,'[1]');
INSERT INTO latency VALUES(1,1000000000,2000000000,1,0,'ok',21,33508286.0,105,16022222,105,'{"0":1,"127":1,"257":1,"305":1,"333":1,"354":1,"485":1,"616":1,"763":1,"791":1,"816":1,"929":1,"1003":1,"1236":1,"1408":1,"1502":1,"1652":2,"2013":1,"2069":1,"2187":1}');
INSERT INTO latency VALUES(1,1000000000,2000000000,1,0,'response timeout',1,266.0,266,266,261,'[1]');
INSERT INTO latency VALUES(1,2000000000,3000000000,0,0,'ok',14,175704807.0,958,96333333,495,'{"0":1,"160":1,"183":1,"397":1,"425":1,"507":1,"593":1,"844":1,"1092":1,"1594":1,"1607":1,"1752":1,"2015":1,"2120":1}');
INSERT INTO latency VALUES(1,2000000000,3000000000,0,0,'response timeout',2,89722221.0,6266666,83455555,2111,'{"0":1,"480":1}');
INSERT INTO latency VALUES(1,2000000000,3000000000,0,1,'ok',28,465533838.0,303,93177777,279,'{"0":1,"16":1,"88":1,"181":1,"204":1,"216":1,"222":1,"383":1,"415":1,"510":1,"572":1,"606":1,"628":1,"767":1,"809":1,"851":1,"1032":1,"1830":1,"1835":1,"2040":1,"2058":1,"2134":1,"2162":1,"2169":1,"2252":1,"2286":1,"2315":1,"2330":1}');
INSERT INTO latency VALUES(1,2000000000,3000000000,0,1,'response timeout',2,961478.0,701,960777,431,'{"0":1,"1339":1}');
INSERT INTO latency VALUES(1,2000000000,3000000000,1,0,'ok',42,235710924.0,271,71799999,263,'{"0":1,"7":1,"90":1,"142":1,"153":1,"158":1,"190":1,"202":1,"329":1,"581":1,"659":1,"890":1,"1012":1,"1055":1,"1068":1,"1090":1,"1249":1,"1261":1,"1294":1,"1337":1,"1406":1,"1415":1,"1489":1,"1496":1,"1503":1,"1790":1,"1813":1,"1833":1,"1846":1,"1848":1,"1879":1,"1889":1,"1911":1,"1915":1,"1918":1,"1926":1,"1934":1,"1935":1,"1957":1,"2013":1,"2174":1,"2305":1}');
INSERT INTO latency VALUES(1,2000000000,3000000000,1,0,'response timeout',2,331266.0,20822,310444,1058,'{"0":1,"501":1}');
INSERT INTO latency VALUES(1,3000000000,4000000000,0,0,'ok',21,240874709.0,626,91288888,412,'{"0":1,"39":1,"64":1,"627":1,"809":1,"857":1,"882":1,"914":1,"923":1,"1259":1,"1276":1,"1592":1,"1616":1,"1644":1,"1703":1,"1713":1,"1743":1,"1760":1,"1884":1,"2193":1,"2194":1}');
INSERT INTO latency VALUES(1,3000000000,4000000000,0,1,'ok',42,335722547.0,55,92322222,55,'{"0":1,"1":1,"176":1,"225":1,"235":1,"298":1,"352":1,"369":1,"393":1,"406":1,"466":1,"503":1,"617":1,"680":1,"755":1,"783":1,"785":1,"860":1,"980":1,"1097":1,"1183":2,"1225":1,"1226":1,"1272":1,"1344":1,"1529":1,"1585":1,"1593":1,"1613":1,"1670":1,"1677":1,"2023":1,"2043":1,"2066":1,"2122":1,"2138":1,"2379":1,"2418":1,"2437":1,"2521":1,"2553":1}');
INSERT INTO latency VALUES(1,3000000000,4000000000,1,0,'ok',63,427434920.0,64,95455555,64,'{"0":1,"4":1,"150":1,"162":1,"244":1,"351":1,"361":1,"369":1,"373":1,"399":1,"408":1,"433":1,"476":1,"529":1,"610":1,"656":1,"728":1,"730":1,"782":1,"819":1,"849":1,"853":1,"991":1,"1025":1,"1099":1,"1119":1,"1146":1,"1160":1,"1166":1,"1183":1,"1194":1,"1216":1,"1226":1,"1243":1,"1249":1,"1254":1,"1260":1,"1263":1,"1460":1,"1462":1,"1485":1,"1627":1,"1631":1,"1662":1,"1690":1,"1695":1,"1838":1,"1906":1,"1990":1,"2016":1,"2025":1,"2036":1,"2089":1,"2108":1,"2118":1,"2136":1,"2243":1,"2313":1,"2354":1,"2372":1,"2493":1,"2537":1,"2550":1}');
CREATE TABLE sample (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    at_ns INTEGER NOT NULL,
    balancer INTEGER NOT NULL,
    interval_ns INTEGER NOT NULL,           -- since the last sample
    arrived INTEGER NOT NULL,               -- since the start, warm-up included
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    waiting INTEGER NOT NULL,               -- in the balancer's common queue
    backends TEXT NOT NULL,
    PRIMARY KEY (run, at_ns, balancer)
);
INSERT INTO sample VALUES(1,1000000000,0,1000000000,17,0,0,17,0,'[[0,0,1,0,0,0,0,0,0,0,0],[0,0,2,1,1,2,0,3333,1,0,0]]');
INSERT INTO sample VALUES(1,2000000000,0,1000000000,62,42,3,17,0,'[[0,0,1,1,0,1,0,0,0,0,0],["down","down",2,2,1,3,0,3333,2,0,0]]');
INSERT INTO sample VALUES(1,3000000000,0,1000000000,152,126,9,17,0,'[[0,0,1,2,0,2,0,0,0,0,0],[0,0,2,3,1,4,0,3333,3,0,0]]');
INSERT INTO sample VALUES(1,4000000000,0,1000000000,278,252,9,17,0,'[[0,0,1,3,0,3,0,0,0,0,0],[0,0,2,4,1,5,0,3333,4,0,0]]');
CREATE TABLE sampled (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    name TEXT NOT NULL,
    first INTEGER NOT NULL,                 -- backends [first, first + members)
    members INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
INSERT INTO sampled VALUES(1,0,'web1',0,1,4);
INSERT INTO sampled VALUES(1,1,'app2',1,1,4);
CREATE TABLE event (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('command', 'belief', 'phase')),
    what TEXT NOT NULL,                     -- the command, the new belief or the phase
    backend INTEGER,                        -- backend.n
    target TEXT NOT NULL,
    by_person INTEGER NOT NULL,
    belief_from TEXT,
    belief_to TEXT,
    truth TEXT,                             -- of the backend, at that moment
    text TEXT NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
INSERT INTO event VALUES(1,0,1000000000,'command','kill',1,'app2',0,NULL,NULL,'down','because a test said so');
INSERT INTO event VALUES(1,1,1000000005,'belief','down',1,'app2',0,'up','down','down','because a test said so');
INSERT INTO event VALUES(1,2,2000000000,'command','restore',1,'app2',0,NULL,NULL,'ok','because a test said so');
INSERT INTO event VALUES(1,3,2000000005,'belief','up',1,'app2',0,'down','up','ok','because a test said so');
CREATE TABLE expect (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    text TEXT NOT NULL,
    holds INTEGER NOT NULL,
    value REAL,                             -- NULL = there was no request to measure it on
    unit TEXT NOT NULL,                     -- ns, per second, share, count, ratio
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
INSERT INTO expect VALUES(1,0,'p99 < 400ms',1,150000000.0,'ns');
INSERT INTO expect VALUES(1,1,'p50 of class page < 1ms after 70s',0,NULL,'ns');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('run',1);
CREATE UNIQUE INDEX run_key
    ON run (scenario, coalesce(cell, 0), variant, algorithm, params, seed, replication, version)
    WHERE state = 'done';
CREATE INDEX run_cell ON run (cell) WHERE cell IS NOT NULL;
CREATE VIEW quantile AS
SELECT 0.5 AS p UNION ALL SELECT 0.9 UNION ALL SELECT 0.99 UNION ALL SELECT 0.999;
CREATE VIEW total_bucket AS
SELECT run, client, class, bucket,
       (bucket - 128 * max(bucket / 128 - 1, 0)) << max(bucket / 128 - 1, 0) AS low_ns,
       1 << max(bucket / 128 - 1, 0) AS width_ns, below, count
FROM latency_total;
CREATE VIEW run_quantile AS
SELECT r.id AS run, q.p,
       min(max(b.low_ns + (b.width_ns - 1) * (q.p * r.ok - b.below) / b.count, r.latency_min_ns),
           r.latency_max_ns) / 1e6 AS latency_ms
FROM run AS r, quantile AS q
JOIN total_bucket AS b ON b.run = r.id AND b.client = -1 AND b.class = -1
                      AND b.below < q.p * r.ok AND b.below + b.count >= q.p * r.ok;
CREATE VIEW class_quantile AS
SELECT c.run, c.client, c.class, q.p,
       min(max(b.low_ns + (b.width_ns - 1) * (q.p * c.ok - b.below) / b.count, c.latency_min_ns),
           c.latency_max_ns) / 1e6 AS latency_ms
FROM class AS c, quantile AS q
JOIN total_bucket AS b ON b.run = c.run AND b.client = c.client AND b.class = c.class
                      AND b.below < q.p * c.ok AND b.below + b.count >= q.p * c.ok;
CREATE VIEW latency_ccdf AS
SELECT b.run, (b.low_ns + b.width_ns - 1) / 1e6 AS latency_ms,
       (r.ok - b.below - b.count) * 1.0 / r.ok AS slower, r.ok - b.below - b.count AS requests
FROM total_bucket AS b
JOIN run AS r ON r.id = b.run
WHERE b.client = -1 AND b.class = -1;
CREATE VIEW latency_bucket AS
SELECT run, from_ns, until_ns, client, class, cause, min_ns, max_ns, bucket,
       (bucket - 128 * octave) << octave AS low_ns, 1 << octave AS width_ns, count
FROM (SELECT l.run, l.from_ns, l.until_ns, l.client, l.class, l.cause, l.min_ns, l.max_ns,
             l.first + CAST(b.key AS INTEGER) AS bucket,
             max((l.first + CAST(b.key AS INTEGER)) / 128 - 1, 0) AS octave, b.value AS count
      FROM latency AS l, json_each(l.buckets) AS b WHERE b.value > 0);
CREATE VIEW latency_over_time AS
WITH bucket AS (
    SELECT run, from_ns, until_ns, bucket, low_ns, width_ns,
           sum(CASE WHEN cause = 'ok' THEN count ELSE 0 END) AS ok,
           sum(CASE WHEN cause = 'ok' THEN 0 ELSE count END) AS failed,
           min(CASE WHEN cause = 'ok' THEN min_ns END) AS low,
           max(CASE WHEN cause = 'ok' THEN max_ns END) AS high
    FROM latency_bucket GROUP BY run, from_ns, until_ns, bucket
), ordered AS (
    SELECT run, from_ns, until_ns, low_ns, width_ns, ok,
           sum(ok) OVER (PARTITION BY run, from_ns, until_ns ORDER BY bucket
                         ROWS UNBOUNDED PRECEDING) - ok AS below,
           sum(ok) OVER interval AS total, sum(failed) OVER interval AS failed,
           min(low) OVER interval AS low, max(high) OVER interval AS high
    FROM bucket WINDOW interval AS (PARTITION BY run, from_ns, until_ns)
), ranked AS (
    SELECT run, from_ns, until_ns, q.p, total, failed, low, high,
           min(max(low_ns + (width_ns - 1) * (q.p * total - below) / nullif(ok, 0), low), high)
           / 1e6 AS latency_ms
    FROM ordered
    JOIN quantile AS q ON below < q.p * total AND below + ok >= q.p * total OR total = 0
)
SELECT DISTINCT run, from_ns / 1e9 AS from_s, until_ns / 1e9 AS until_s, total AS ok, failed,
       max(CASE p WHEN 0.5 THEN latency_ms END) OVER interval AS p50_ms,
       max(CASE p WHEN 0.9 THEN latency_ms END) OVER interval AS p90_ms,
       max(CASE p WHEN 0.99 THEN latency_ms END) OVER interval AS p99_ms,
       max(CASE p WHEN 0.999 THEN latency_ms END) OVER interval AS p99_9_ms,
       high / 1e6 AS max_ms
FROM ranked WINDOW interval AS (PARTITION BY run, from_ns, until_ns);
CREATE VIEW backend_summary AS
SELECT run, n, name, "group", tier, weight, weight_end, slots, speed, picks, ok, failed,
       picks * 1.0 / nullif(sum(picks) OVER (PARTITION BY run, tier), 0) AS share,
       weight * 1.0 / nullif(sum(weight) OVER (PARTITION BY run, tier), 0) AS fair_share,
       utilization, in_flight_mean, queue_mean
FROM backend;
CREATE VIEW cause_summary AS
SELECT run, cause, sum(count) AS count FROM outcome WHERE cause <> 'ok' GROUP BY run, cause;
CREATE VIEW run_summary AS
SELECT r.id AS run, r.sequence, s.name AS scenario, r.variant, s.settings, r.algorithm, r.params,
       r.ideal, r.seed, r.replication, r.version, r.build, r.state, r.kind, r.digest, r.started_s,
       datetime(r.started_s, 'unixepoch') AS started_utc, r.wall_s, r.events,
       r.duration_ns / 1e9 AS duration_s, r.warmup_ns / 1e9 AS warmup_s, r.sample_ns, r.simulated_s,
       r.arrived, r.ok, r.failed, r.in_flight, r.good, r.attempts,
       r.latency_sum_ns / nullif(r.ok, 0) / 1e6 AS mean_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.5) AS p50_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.9) AS p90_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.99) AS p99_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.999) AS p99_9_ms,
       r.latency_max_ns / 1e6 AS max_ms,
       r.response_sum_ns / nullif(r.response_count, 0) / 1e6 AS response_mean_ms,
       (r.ok + r.failed) / nullif(r.simulated_s, 0.0) AS throughput_per_s,
       r.good / nullif(r.simulated_s, 0.0) AS goodput_per_s,
       r.ok * 1.0 / nullif(r.ok + r.failed, 0) AS availability,
       r.failed * 1.0 / nullif(r.ok + r.failed, 0) AS errors,
       (SELECT max(CASE WHEN b.weight > 0 THEN b.picks * 1.0 / b.weight END) * sum(b.weight)
               / nullif(sum(b.picks), 0)
        FROM backend AS b WHERE b.run = r.id AND b.tier = 0) AS imbalance
FROM run AS r
JOIN scenario AS s ON s.id = r.scenario;
CREATE VIEW class_summary AS
SELECT run, client, class, client_name, name, share, timeout_ns / 1e6 AS timeout_ms,
       objective_ns / 1e6 AS objective_ms, arrived, ok, failed, in_flight, good, attempts,
       ok * 1.0 / nullif(ok + failed, 0) AS availability,
       latency_sum_ns / nullif(ok, 0) / 1e6 AS mean_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class AND q.p = 0.5) AS p50_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class AND q.p = 0.9) AS p90_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class AND q.p = 0.99) AS p99_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class
              AND q.p = 0.999) AS p99_9_ms,
       latency_max_ns / 1e6 AS max_ms
FROM class AS c;
CREATE VIEW sample_backend AS
SELECT s.run, s.at_ns / 1e9 AS at_s, s.balancer, d.n, d.name, d.members,
       CASE json_extract(b.value, '$[0]') WHEN 0 THEN 'up'
            ELSE json_extract(b.value, '$[0]') END AS belief,
       CASE json_extract(b.value, '$[1]') WHEN 0 THEN 'ok'
            ELSE json_extract(b.value, '$[1]') END AS truth,
       json_extract(b.value, '$[2]') AS weight, d.slots,
       json_extract(b.value, '$[3]') AS busy, json_extract(b.value, '$[4]') AS queue,
       json_extract(b.value, '$[5]') AS in_flight, json_extract(b.value, '$[6]') AS line,
       json_extract(b.value, '$[7]') / 10000.0 AS utilization,
       json_extract(b.value, '$[8]') AS picks, json_extract(b.value, '$[9]') AS ok,
       json_extract(b.value, '$[10]') AS failed,
       coalesce(json_extract(b.value, '$[11]'),
                json_extract(b.value, '$[0]') IN (0, 'warming')) AS up
FROM sample AS s, json_each(s.backends) AS b
JOIN sampled AS d ON d.run = s.run AND d.n = b.key;
COMMIT;
PRAGMA application_id = 1818391401;
PRAGMA user_version = 1;
