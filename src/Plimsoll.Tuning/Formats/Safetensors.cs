using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Formats;

/// <summary>What a tensor is stored as. Shapes are row-major, outermost first.</summary>
public enum TensorType
{
    F32,
    F16,
    Bf16,
}

/// <summary>One tensor of a file, whole in memory when its bytes are asked for.</summary>
public sealed record NamedTensor(string Name, TensorType Type, long[] Shape, ReadOnlyMemory<byte> Bytes)
{
    public long Count => Shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>The values as floats, in a new array.</summary>
    public float[] ToFloats()
    {
        var values = new float[Count];
        var bytes = Bytes.Span;
        if (Type == TensorType.F32)
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
            return values;
        }
        var halves = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Type == TensorType.Bf16
                ? BitConverter.UInt32BitsToSingle((uint)halves[i] << 16)
                : (float)BitConverter.UInt16BitsToHalf(halves[i]);
        }
        return values;
    }

    public static NamedTensor Of(string name, long[] shape, float[] values) =>
        new(name, TensorType.F32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
}

/// <summary>
/// A safetensors file. Its header is checked whole against the file before anything is read: offsets that lie
/// outside, overlap or do not fit the shape are refused. Writing the same tensors gives the same bytes.
/// </summary>
public sealed class Safetensors : IDisposable
{
    const int MostHeaderBytes = 100_000_000;

    readonly SafeFileHandle _file;
    readonly string _path;
    readonly long _dataAt;
    readonly Dictionary<string, (TensorType Type, long[] Shape, long Begin, long End)> _tensors = new(
        StringComparer.Ordinal);

    /// <exception cref="BadInputException">Missing, cut short, or no safetensors file.</exception>
    public Safetensors(string path)
    {
        _path = path;
        try
        {
            _file = File.OpenHandle(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a safetensors file");
        }
        try
        {
            var length = RandomAccess.GetLength(_file);
            Span<byte> eight = stackalloc byte[8];
            if (RandomAccess.Read(_file, eight, 0) < 8)
                throw Bad("shorter than its header");
            var headerBytes = BinaryPrimitives.ReadInt64LittleEndian(eight);
            if (headerBytes is < 2 or > MostHeaderBytes || headerBytes + 8 > length)
                throw Bad($"a header of {headerBytes} bytes in a file of {length}");
            _dataAt = 8 + headerBytes;
            var header = new byte[headerBytes];
            RandomAccess.Read(_file, header, 8);
            using var document = JsonDocument.Parse(header);
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                if (entry.Name == "__metadata__")
                {
                    Metadata = entry.Value.EnumerateObject()
                        .ToDictionary(m => m.Name, m => m.Value.GetString() ?? "");
                }
                else
                {
                    Add(entry, length - _dataAt);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            _file.Dispose();
            throw Bad($"a header that cannot be read ({e.Message.TrimEnd('.')})");
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IEnumerable<string> Names => _tensors.Keys;

    public bool Has(string name) => _tensors.ContainsKey(name);

    public long[] ShapeOf(string name) => Find(name).Shape;

    /// <exception cref="BadInputException">No such tensor, or the file was cut since.</exception>
    public NamedTensor Read(string name)
    {
        var (type, shape, begin, end) = Find(name);
        var bytes = new byte[end - begin];
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(_file, bytes.AsSpan(done), _dataAt + begin + done);
            if (read == 0)
                throw Bad($"'{name}' is cut short");
            done += read;
        }
        return new NamedTensor(name, type, shape, bytes);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Tensors by name, so that the order in which they come changes nothing.</summary>
    public static void Write(Stream to, IEnumerable<NamedTensor> tensors, IReadOnlyDictionary<string,
        string>? metadata = null)
    {
        var sorted = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        var header = new JsonObject();
        if (metadata is { Count: > 0 })
        {
            header["__metadata__"] = new JsonObject(
                metadata.OrderBy(m => m.Key, StringComparer.Ordinal)
                    .Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
        }
        var at = 0L;
        foreach (var tensor in sorted)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = NameOf(tensor.Type),
                ["shape"] = new JsonArray([.. tensor.Shape.Select(d => (JsonNode)d)]),
                ["data_offsets"] = new JsonArray(at, at + tensor.Bytes.Length),
            };
            at += tensor.Bytes.Length;
        }
        var text = System.Text.Encoding.UTF8.GetBytes(header.ToJsonString());
        var padded = (text.Length + 7) / 8 * 8;
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded);
        to.Write(length);
        to.Write(text);
        for (var i = text.Length; i < padded; i++)
            to.WriteByte((byte)' ');
        foreach (var tensor in sorted)
            to.Write(tensor.Bytes.Span);
    }

    void Add(JsonProperty entry, long dataBytes)
    {
        var type = entry.Value.GetProperty("dtype").GetString() switch
        {
            "F32" => TensorType.F32,
            "F16" => TensorType.F16,
            "BF16" => TensorType.Bf16,
            var other => throw Bad($"'{entry.Name}' is {other}; F32, F16 and BF16 can be read"),
        };
        var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var offsets = entry.Value.GetProperty("data_offsets");
        var (begin, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        var expected = shape.Aggregate((Int128)(type == TensorType.F32 ? 4 : 2), (a, b) => b < 0 ? -1
            : a * b);
        if (begin < 0 || end < begin || end > dataBytes || end - begin != expected
            || end - begin > Array.MaxLength)
        {
            throw Bad($"'{entry.Name}' lies at {begin} to {end} of {dataBytes} data bytes with shape "
                + $"[{string.Join(", ", shape)}]");
        }
        if (!_tensors.TryAdd(entry.Name, (type, shape, begin, end)))
            throw Bad($"'{entry.Name}' twice");
    }

    (TensorType Type, long[] Shape, long Begin, long End) Find(string name) =>
        _tensors.TryGetValue(name, out var tensor)
        ? tensor
        : throw Bad($"no tensor '{name}'");

    static string NameOf(TensorType type) => type switch
    {
        TensorType.F32 => "F32",
        TensorType.F16 => "F16",
        _ => "BF16",
    };

    BadInputException Bad(string what) => new($"{_path}: {what}; expected a safetensors file");
}
