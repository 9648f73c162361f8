using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>A socket that does one thing with every request, and closes.</summary>
sealed class SocketUpstream : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _over = new();
    readonly Func<Line, Task> _act;
    int _requests;

    public SocketUpstream(Func<Line, Task> act)
    {
        _act = act;
        _listener.Start();
        _ = ListenAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public int Requests => Volatile.Read(ref _requests);

    public void Dispose()
    {
        _over.Cancel();
        _listener.Stop();
    }

    async Task ListenAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var heard = new byte[8192];
                await client.GetStream().ReadAtLeastAsync(heard, 4);
                if (!heard.AsSpan().StartsWith("POST"u8))
                {
                    // Whoever asks how it is hears that it is there, however long the test takes.
                    await client.GetStream().WriteAsync(
                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                    return;
                }
                Interlocked.Increment(ref _requests);
                await _act(new Line(client, _over.Token));
            }
            catch (Exception e) when (e is System.IO.IOException or OperationCanceledException
                or SocketException or ObjectDisposedException)
            {
                // The gateway has hung up.
            }
        }
    }

    /// <summary>A connection to the gateway.</summary>
    public sealed class Line(TcpClient client, CancellationToken over)
    {
        public CancellationToken Over => over;

        public async Task SayAsync(string text) =>
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), over);

        /// <summary>RST instead of FIN.</summary>
        public async Task ResetAsync()
        {
            await Task.Delay(50, over);
            client.Client.LingerState = new LingerOption(true, 0);
            client.Close();
        }
    }
}
