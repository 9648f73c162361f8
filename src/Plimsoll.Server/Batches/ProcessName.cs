using System;
using System.Globalization;
using System.IO;

namespace Plimsoll.Server.Batches;

/// <summary>
/// A process as others know it, in a shared table too: whoever runs beside it, on the same machine and among
/// the same processes, can tell whether it is still there. Where the system says too little, nobody can.
/// </summary>
static class ProcessName
{
    const string BootFile = "/proc/sys/kernel/random/boot_id";
    const int StartField = 19;

    /// <summary>
    /// Processes that see each other: a container sees its own only, and some systems show a user no others.
    /// </summary>
    static readonly string? _place = Place();

    /// <summary>This process, by a name that nobody else has.</summary>
    public static string Own()
    {
        var unique = Guid.NewGuid().ToString("N");
        return _place is { } place && StartOf(Environment.ProcessId) is { } start
            ? string.Create(CultureInfo.InvariantCulture, $"{place}/{Environment.ProcessId}/{start}/{unique}")
            : unique;
    }

    /// <summary>
    /// Whether the process of that name has certainly ended; false where that cannot be known.
    /// </summary>
    public static bool IsGone(string name)
    {
        var parts = name.Split('/');
        return parts is [var boot, var space, var id, var start, _]
            && $"{boot}/{space}" == _place
            && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            && StartOf(process) != start;
    }

    static string? Place()
    {
        try
        {
            return File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false) is { } space
                ? $"{File.ReadAllText(BootFile).Trim()}/{space.Name}:{Environment.UserName}" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// When a process began, in the system's ticks: a number given again is another process.
    /// </summary>
    static string? StartOf(int process)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            // The name in parentheses may hold anything; after it come single words.
            var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return words.Length > StartField && words[0] is not ("Z" or "X") ? words[StartField] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
