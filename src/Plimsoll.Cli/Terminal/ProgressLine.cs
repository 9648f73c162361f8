using System;
using System.Diagnostics;
using System.IO;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// A bar on stderr for work that takes over two seconds, a count where the total is unknown (0); nothing when
/// stderr is piped.
/// </summary>
sealed class ProgressLine(TextWriter story, string what, long total) : IDisposable
{
    /// <summary>The total where shares are reported.</summary>
    public const long Whole = 1000;

    const int Width = 30;
    readonly TextWriter _terminal = (story as PlainWriter)?.Terminal ?? story;
    readonly long _started = Stopwatch.GetTimestamp();
    bool _shown;

    public void Report(long done)
    {
        var elapsed = Stopwatch.GetElapsedTime(_started);
        if (Console.IsErrorRedirected || elapsed.TotalSeconds < 2)
            return;
        var share = Math.Clamp((double)done / Math.Max(1, total), 0, 1);
        var filled = (int)(share * Width);
        _terminal.Write(total > 0
            ? $"\r{what} [{new string('#', filled)}{new string('.', Width - filled)}] {100 * share:0} %"
            : $"\r{what} {done:N0} rows");
        _shown = true;
    }

    /// <summary>Progress as a share of <see cref="Whole"/>, 0 to 1.</summary>
    public void ReportShare(double share) => Report((long)(share * Whole));

    public void Clear()
    {
        if (_shown)
            _terminal.Write("\r" + new string(' ', what.Length + Width + 12) + "\r");
        _shown = false;
    }

    public void Dispose() => Clear();
}
