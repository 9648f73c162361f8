using System;
using System.Diagnostics;
using System.Net.Http;
using System.Threading.Tasks;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary><c>plimsoll serve</c> in a process of its own, so that it can be killed.</summary>
sealed class ServeProcess : IDisposable
{
    readonly Process _process;

    ServeProcess(Process process, string address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public HttpClient Client { get; }

    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static Task<ServeProcess> StartAsync(params string[] arguments) =>
        StartAsync(_ => { }, arguments);

    /// <param name="change">Folder and environment that it starts in.</param>
    /// <param name="arguments">Behind <c>serve --port 0</c>.</param>
    public static async Task<ServeProcess> StartAsync(
        Action<ProcessStartInfo> change, params string[] arguments)
    {
        var start = new ProcessStartInfo(PlimsollProcess.Binary)
        {
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["serve", "--port", "0", .. arguments])
            start.ArgumentList.Add(argument);
        change(start);
        var process = Process.Start(start)!;
        const string Marker = "serving at ";
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.Contains(Marker))
                continue;
            _ = process.StandardError.ReadToEndAsync();
            return new ServeProcess(process,
                line[(line.IndexOf(Marker, StringComparison.Ordinal) + Marker.Length)..]);
        }
        throw new InvalidOperationException("plimsoll serve did not start.");
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        Client.Dispose();
        _process.Dispose();
    }
}
