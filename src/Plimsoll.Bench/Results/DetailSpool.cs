using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Results;

/// <summary>
/// Every request of a run on disk, so that the detail of a million requests needs no memory. It is gone once
/// disposed; the forms that people keep are written from it.
/// </summary>
public sealed class DetailSpool : IDisposable
{
    readonly FileStream _file;
    readonly BinaryWriter _writer;

    public DetailSpool()
    {
        var path = Path.Combine(Path.GetTempPath(), $"plimsoll-bench-{Guid.NewGuid():N}");
        _file = new FileStream(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16,
                FileOptions.DeleteOnClose);
        _writer = new BinaryWriter(_file, Encoding.UTF8, leaveOpen: true);
    }

    public long Count { get; private set; }

    public void Add(RequestRecord record)
    {
        Count++;
        foreach (var time in new[]
        {
            record.Index, record.ScheduledNs, record.DispatchedNs, record.SentNs, record.FirstTokenNs,
            record.LastTokenNs, record.EndNs,
        })
        {
            _writer.Write7BitEncodedInt64(time);
        }
        foreach (var count in new[]
        {
            record.Level, record.Session, record.PromptTokens, record.AskedPromptTokens,
                record.AskedOutputTokens,
            record.OutputTokens, record.CachedTokens, record.Status, record.HasUsage ? 1 : 0,
                (int)record.Failure,
            record.SaysCached ? 1 : 0, (int)record.Usage, record.Chunks,
        })
        {
            _writer.Write7BitEncodedInt(count);
        }
        _writer.Write(record.SharedShare);
        _writer.Write(record.UsageSaid ?? "");
        _writer.Write(record.Message ?? "");
        var last = 0L;
        foreach (var arrival in record.Arrivals)
        {
            _writer.Write7BitEncodedInt64(arrival.AtNs - last);
            _writer.Write7BitEncodedInt(arrival.TokensSoFar);
            last = arrival.AtNs;
        }
    }

    /// <summary>
    /// All requests in order of their end; the same record each time, valid until the next.
    /// </summary>
    public IEnumerable<RequestRecord> Read()
    {
        _writer.Flush();
        _file.Position = 0;
        using var reader = new BinaryReader(_file, Encoding.UTF8, leaveOpen: true);
        var record = new RequestRecord();
        for (var i = 0L; i < Count; i++)
        {
            Read(reader, record);
            yield return record;
        }
        _file.Position = _file.Length;
    }

    public void Dispose()
    {
        _writer.Dispose();
        _file.Dispose();
    }

    static void Read(BinaryReader reader, RequestRecord record)
    {
        record.Clear();
        record.Index = reader.Read7BitEncodedInt64();
        record.ScheduledNs = reader.Read7BitEncodedInt64();
        record.DispatchedNs = reader.Read7BitEncodedInt64();
        record.SentNs = reader.Read7BitEncodedInt64();
        var (first, last) = (reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());
        record.EndNs = reader.Read7BitEncodedInt64();
        record.Level = reader.Read7BitEncodedInt();
        record.Session = reader.Read7BitEncodedInt();
        record.PromptTokens = reader.Read7BitEncodedInt();
        record.AskedPromptTokens = reader.Read7BitEncodedInt();
        record.AskedOutputTokens = reader.Read7BitEncodedInt();
        record.OutputTokens = reader.Read7BitEncodedInt();
        record.CachedTokens = reader.Read7BitEncodedInt();
        record.Status = reader.Read7BitEncodedInt();
        record.HasUsage = reader.Read7BitEncodedInt() == 1;
        record.Failure = (FailureKind)reader.Read7BitEncodedInt();
        record.SaysCached = reader.Read7BitEncodedInt() == 1;
        record.Usage = (UsageFault)reader.Read7BitEncodedInt();
        var chunks = reader.Read7BitEncodedInt();
        record.SharedShare = reader.ReadDouble();
        record.UsageSaid = reader.ReadString() is { Length: > 0 } said ? said : null;
        var message = reader.ReadString();
        record.Message = message.Length == 0 ? null : message;
        var at = 0L;
        for (var i = 0; i < chunks; i++)
            record.Arrived(at += reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt());
        (record.FirstTokenNs, record.LastTokenNs) = (first, last);
    }
}
