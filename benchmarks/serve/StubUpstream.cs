using System;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// An upstream that computes nothing: a whole answer or a stream of 64 events at once. A thread for each
/// connection and bytes made beforehand, so that next to nothing of its own is in what is measured.
/// </summary>
static class StubUpstream
{
    public const int StreamTokens = 64;
    const int TokensTogether = 8;

    static readonly byte[] _whole = WithHead("application/json",
        """{"id":"c","object":"chat.completion","created":1,"model":"stub","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}""");

    static readonly byte[] _empty = WithHead("text/plain", "");

    static readonly byte[] _streamHead = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");

    static readonly byte[] _tokens = Chunk(string.Concat(Enumerable.Repeat(
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"stub\","
        + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n",
        TokensTogether)));

    static readonly byte[] _streamEnd = [.. Chunk("data: [DONE]\n\n"), .. Chunk("")];

    public static void Run()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(512);
        Console.WriteLine($"http://{listener.LocalEndPoint}");
        while (true)
        {
            var connection = listener.Accept();
            new Thread(() => Serve(connection)) { IsBackground = true }.Start();
        }
    }

    static void Serve(Socket connection)
    {
        using var _ = connection;
        connection.NoDelay = true;
        var buffer = new byte[64 * 1024];
        var (count, whole) = (0, 0);
        try
        {
            while (true)
            {
                while ((whole = Length(buffer.AsSpan(0, count))) == 0 || count < whole)
                {
                    var read = connection.Receive(buffer, count, buffer.Length - count, SocketFlags.None);
                    if (read == 0)
                        return;
                    count += read;
                }
                Answer(connection, buffer.AsSpan(0, whole));
                buffer.AsSpan(whole, count - whole).CopyTo(buffer);
                count -= whole;
            }
        }
        catch (SocketException)
        {
            // The other end has gone.
        }
    }

    static void Answer(Socket connection, ReadOnlySpan<byte> request)
    {
        if (!request.StartsWith("POST"u8))
        {
            connection.Send(_empty);
        }
        else if (request.IndexOf("\"stream\":true"u8) < 0)
        {
            connection.Send(_whole);
        }
        else
        {
            connection.Send(_streamHead);
            for (var i = 0; i < StreamTokens; i += TokensTogether)
                connection.Send(_tokens);
            connection.Send(_streamEnd);
        }
    }

    /// <summary>Head and body together; 0 while the head is not whole.</summary>
    static int Length(ReadOnlySpan<byte> request)
    {
        var end = request.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return 0;
        var at = request[..end].IndexOf("Content-Length: "u8);
        if (at < 0)
            return end + 4;
        var digits = request[(at + "Content-Length: ".Length)..end];
        var line = digits.IndexOf((byte)'\r');
        return end + 4 + int.Parse(line < 0 ? digits : digits[..line], CultureInfo.InvariantCulture);
    }

    static byte[] WithHead(string type, string body) => Encoding.UTF8.GetBytes(
        $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    static byte[] Chunk(string text) => Encoding.UTF8.GetBytes($"{text.Length:x}\r\n{text}\r\n");
}
