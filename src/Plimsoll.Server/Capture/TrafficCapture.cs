using System;
using System.Buffers;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Capture;

/// <summary>
/// Chats of tenants that have opted in, one exchange a line, as <c>plimsoll tune dataset --captured</c> reads
/// them: <c>state/capture/TENANT.jsonl</c>, for its owner's eyes. A request never waits for it: what does not
/// fit the queue or the file is counted and left out.
/// </summary>
public sealed class TrafficCapture : IAsyncDisposable
{
    const long MostFileBytes = 4L << 30;
    const int MostWaiting = 1024;

    readonly string _folder;
    readonly Channel<(string Tenant, byte[] Line)> _lines =
        Channel.CreateBounded<(string, byte[])>(new BoundedChannelOptions(MostWaiting)
        {
            FullMode = BoundedChannelFullMode.Wait,
            SingleReader = true,
        });
    readonly Task _loop;
    long _lost;

    public TrafficCapture(string stateFolder)
    {
        _folder = Path.Combine(stateFolder, "capture");
        _loop = LoopAsync();
    }

    /// <summary>Exchanges that were not kept.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Keeps an exchange.</summary>
    /// <param name="answer">The whole answer, as the API has it.</param>
    public void Add(string tenant, JsonElement request, ReadOnlySpan<byte> answer)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("tenant"u8, tenant);
            writer.WritePropertyName("request"u8);
            request.WriteTo(writer);
            writer.WritePropertyName("response"u8);
            writer.WriteRawValue(answer);
            writer.WriteEndObject();
        }
        buffer.Write("\n"u8);
        if (!_lines.Writer.TryWrite((tenant, buffer.WrittenSpan.ToArray())))
            Interlocked.Increment(ref _lost);
    }

    /// <summary>Keeps an exchange whose answer went out as events.</summary>
    public void Add(string tenant, JsonElement request, string text, string finishReason)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("choices"u8);
            writer.WriteStartObject();
            writer.WriteStartObject("message"u8);
            writer.WriteString("role"u8, "assistant"u8);
            writer.WriteString("content"u8, text);
            writer.WriteEndObject();
            writer.WriteString("finish_reason"u8, finishReason);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        Add(tenant, request, buffer.WrittenSpan);
    }

    /// <summary>Where a tenant's exchanges are; a name of the configuration, letter by letter.</summary>
    public static string FileOf(string stateFolder, string tenant)
    {
        var name = new StringBuilder();
        foreach (var letter in tenant)
        {
            if (char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
                name.Append(letter);
            else
                name.Append('%').Append(((int)letter).ToString("x4", null));
        }
        return Path.Combine(stateFolder, "capture", name + ".jsonl");
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _loop;
    }

    async Task LoopAsync()
    {
        await foreach (var (tenant, line) in _lines.Reader.ReadAllAsync())
        {
            try
            {
                await AppendAsync(FileOf(Path.GetDirectoryName(_folder)!, tenant), line);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Interlocked.Increment(ref _lost);
            }
        }
    }

    async Task AppendAsync(string path, byte[] line)
    {
        if (!Directory.Exists(_folder))
        {
            Directory.CreateDirectory(_folder);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(_folder,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        var end = file.Length;
        if (end + line.Length > MostFileBytes)
            throw new IOException("the file is full");
        file.Position = end;
        try
        {
            await file.WriteAsync(line);
            await file.FlushAsync();
        }
        catch (IOException)
        {
            // Half a line would spoil the file for its reader.
            file.SetLength(end);
            throw;
        }
    }
}
