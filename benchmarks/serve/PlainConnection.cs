using System;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// One connection of HTTP/1.1 that blocks: next to nothing of the client's own is in what it measures.
/// </summary>
sealed class PlainConnection : IDisposable
{
    readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly byte[] _request;
    readonly byte[] _answer = new byte[64 * 1024];

    public PlainConnection(Uri address, string body)
    {
        _socket.Connect(address.Host, address.Port);
        _request = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.Authority}\r\n")
            + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    /// <summary>Sends the request and reads the whole answer, whose length must be announced.</summary>
    public void Ask()
    {
        _socket.Send(_request);
        var (count, whole) = (0, int.MaxValue);
        while (count < whole)
        {
            var read = _socket.Receive(_answer, count, _answer.Length - count, SocketFlags.None);
            if (read == 0)
                throw new IOException("the connection was closed");
            count += read;
            if (whole == int.MaxValue)
                whole = Length(_answer.AsSpan(0, count)) ?? int.MaxValue;
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Head and body together; null while the head is not whole.</summary>
    static int? Length(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return null;
        if (!answer.StartsWith("HTTP/1.1 200"u8))
            throw new IOException(Encoding.UTF8.GetString(answer));
        var head = answer[..end];
        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0)
            throw new IOException("an answer without its length");
        var digits = head[(at + "Content-Length: ".Length)..];
        var line = digits.IndexOf((byte)'\r');
        return end + 4 + int.Parse(line < 0 ? digits : digits[..line], CultureInfo.InvariantCulture);
    }
}
