using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;

namespace Plimsoll.Server.Metrics;

/// <summary>What the process itself takes, under the names that Prometheus' clients give it.</summary>
static class ProcessMetrics
{
    public static void Write(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Counter("process_cpu_seconds_total", "Processor time, user and system.",
            process.TotalProcessorTime.TotalSeconds);
        text.Gauge("process_resident_memory_bytes", "Memory in RAM.", process.WorkingSet64);
        if (OperatingSystem.IsLinux())
        {
            text.Gauge("process_open_fds", "Open files, sockets and the like.",
                Directory.GetFileSystemEntries("/proc/self/fd").Length);
        }
        text.Gauge("process_start_time_seconds", "Start, seconds since 1970.",
            new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1e3);
        text.Gauge("dotnet_gc_last_collection_heap_size_bytes", "Managed heap after the last collection.",
            GC.GetGCMemoryInfo().HeapSizeBytes);
        text.Counter("dotnet_gc_heap_total_allocated_bytes_total", "Managed bytes allocated.",
            GC.GetTotalAllocatedBytes());
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Counter("dotnet_gc_collections_total", "Collections of a generation and younger ones.",
                GC.CollectionCount(generation),
                ("generation", "gen" + generation.ToString(CultureInfo.InvariantCulture)));
        }
        text.Counter("dotnet_gc_pause_time_seconds_total", "Time in which collections held everything up.",
            GC.GetTotalPauseDuration().TotalSeconds);
        text.Gauge("dotnet_thread_pool_queue_length", "Work that waits for a thread.",
            ThreadPool.PendingWorkItemCount);
    }
}
