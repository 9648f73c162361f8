using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Gguf;

/// <summary>
/// A GGUF file, open for reading: its metadata and where its tensors are. Opening reads the header only;
/// whatever is wrong with it is a <see cref="BadInputException"/> of one line.
/// </summary>
public sealed class GgufFile : IDisposable
{
    readonly FileStream _stream;
    readonly Dictionary<string, object> _metadata;
    readonly Dictionary<string, TensorSpec> _byName = new(StringComparer.Ordinal);

    GgufFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
        var header = new GgufHeader(stream, path);
        header.Read();
        _metadata = header.Metadata;
        Tensors = header.Tensors;
        foreach (var tensor in Tensors)
            _byName.Add(tensor.Name, tensor);
    }

    public string Path { get; }

    public IReadOnlyList<TensorSpec> Tensors { get; }

    /// <summary>
    /// Values by key: numbers as the C# type of their width, <c>bool</c>, <c>string</c>, and arrays of those.
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata => _metadata;

    /// <summary>What <c>general.architecture</c> says; null when it says nothing.</summary>
    public string? Architecture => Text("general.architecture");

    public static GgufFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return new GgufFile(path, stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new BadInputException(
                $"{path} cannot be read: {(Directory.Exists(path) ? "it is a folder" : e.Message)}");
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>The text under this key; null when there is none or it is no text.</summary>
    public string? Text(string key) => _metadata.TryGetValue(key, out var value) ? value as string : null;

    /// <summary>The whole number under this key, whatever its width; null when there is none.</summary>
    public long? Number(string key) => _metadata.TryGetValue(key, out var value)
        ? value switch
        {
            byte n => n,
            sbyte n => n,
            ushort n => n,
            short n => n,
            uint n => n,
            int n => n,
            long n => n,
            ulong n when n <= long.MaxValue => (long)n,
            _ => null,
        }
        : null;

    public TensorSpec? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A tensor's bytes, as they are stored.</summary>
    public byte[] ReadBytes(TensorSpec tensor)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)tensor.Bytes));
        if (RandomAccess.Read(_stream.SafeFileHandle, bytes, tensor.Offset) != bytes.Length)
            throw new BadInputException($"{Path} became shorter while tensor \"{tensor.Name}\" was read");
        return bytes;
    }

    /// <summary>A tensor's numbers; its format must be one of F32, F16, BF16 and Q8_0.</summary>
    public float[] ReadFloats(TensorSpec tensor)
    {
        var values = new float[checked((int)tensor.Numbers)];
        if (!TensorNumbers.TryDecode(ReadBytes(tensor), tensor.Format, values))
        {
            throw new BadInputException(
                $"{Path} stores tensor \"{tensor.Name}\" as {tensor.Format}; F32, F16, BF16 and Q8_0 can "
                    + $"be read as numbers");
        }
        return values;
    }

    /// <summary>
    /// What the weights are, whatever the metadata says and the order in which they stand: SHA-256 over name,
    /// shape, format and bytes of each tensor, by name. An adapter names the base it was trained on by it.
    /// </summary>
    public string WeightHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var sorted = new List<TensorSpec>(Tensors);
        sorted.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        var buffer = new byte[1 << 20];
        foreach (var tensor in sorted)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(
                $"{tensor.Name}\n{string.Join('x', tensor.Shape)}\n{(int)tensor.Format}\n"));
            for (var done = 0L; done < tensor.Bytes;)
            {
                var wanted = (int)Math.Min(buffer.Length, tensor.Bytes - done);
                var read =
                    RandomAccess.Read(_stream.SafeFileHandle, buffer.AsSpan(0, wanted), tensor.Offset + done);
                if (read == 0)
                    throw new BadInputException($"{Path} became shorter while it was hashed");
                hash.AppendData(buffer, 0, read);
                done += read;
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => _stream.Dispose();
}
