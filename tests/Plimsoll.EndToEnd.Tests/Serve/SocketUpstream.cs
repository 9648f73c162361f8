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
                var heard = await HearAsync(client.GetStream());
                if (!heard.StartsWith("POST", StringComparison.Ordinal))
                {
                    // Whoever asks how it is hears that it is there, however long the test takes.
                    await new Line(client, _over.Token).SayAsync(
                        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
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

    /// <summary>
    /// A whole request: who closes before all that was sent is read resets the connection, and the answer may
    /// be lost.
    /// </summary>
    static async Task<string> HearAsync(NetworkStream stream)
    {
        var heard = "";
        var buffer = new byte[8192];
        while (!IsWhole(heard))
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0)
                break;
            heard += Encoding.Latin1.GetString(buffer, 0, read);
        }
        return heard;
    }

    static bool IsWhole(string request)
    {
        const string Length = "\r\ncontent-length:";
        var head = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
            return false;
        var at = request.IndexOf(Length, 0, head, StringComparison.OrdinalIgnoreCase);
        return at < 0
            || request.Length >= head + 4 + int.Parse(request[(at + Length.Length)..].Split("\r\n")[0]);
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
