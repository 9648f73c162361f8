using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// A real PostgreSQL of the machine's own packages, in a folder of its own; null where there is none.
/// </summary>
sealed class PostgresServer : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly string _binaries;
    readonly int _port;

    PostgresServer(string binaries)
    {
        _binaries = binaries;
        var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        _port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
    }

    public string Url => $"postgres://plimsoll@127.0.0.1:{_port}/postgres";

    public static PostgresServer? TryStart()
    {
        foreach (var version in new[] { "17", "16", "15", "14" })
        {
            var binaries = $"/usr/lib/postgresql/{version}/bin";
            if (!File.Exists(Path.Combine(binaries, "initdb")))
                continue;
            var server = new PostgresServer(binaries);
            server.Run("initdb", $"-D {server.Data} -U plimsoll -A trust -E UTF8 --no-sync");
            server.Start();
            return server;
        }
        return null;
    }

    string Data => _folder.File("data");

    /// <summary>Starts, or starts again after <see cref="Stop"/>.</summary>
    public void Start()
    {
        var socket = $"-k {_folder.Path} -p {_port} -c listen_addresses=127.0.0.1";
        Run("pg_ctl", $"-D {Data} -w -l {_folder.File("log")} -o '{socket}' start");
    }

    public void Stop() => Run("pg_ctl", $"-D {Data} -m immediate -w stop");

    public void Dispose()
    {
        try
        {
            Stop();
        }
        catch (InvalidOperationException)
        {
            // A test has stopped it.
        }
        for (var i = 0; i < 20; i++)
        {
            try
            {
                _folder.Dispose();
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>PostgreSQL does not run as root: there the machine's own account for it does.</summary>
    void Run(string program, string arguments)
    {
        var command = $"{Path.Combine(_binaries, program)} {arguments}";
        if (Environment.UserName == "root")
        {
            using var own = Process.Start("chown", ["-R", "postgres", _folder.Path]);
            own.WaitForExit();
        }
        var start = Environment.UserName == "root"
            ? new ProcessStartInfo("su", ["postgres", "-s", "/bin/sh", "-c", command + " > /dev/null 2>&1"])
            : new ProcessStartInfo("/bin/sh", ["-c", command + " > /dev/null 2>&1"]);
        start.WorkingDirectory = "/";
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed with {process.ExitCode}.");
    }
}
