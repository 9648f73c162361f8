using System;
using System.IO;
using System.Security.Cryptography;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Registry;

/// <summary>
/// Files by their SHA-256, under <c>sha256/ab/cd…</c>. A blob appears whole or not at all, is never written
/// again, and is the same wherever it lies.
/// </summary>
public sealed class BlobStore
{
    readonly string _registry;
    readonly string _folder;

    public BlobStore(string folder) => (_registry, _folder) = (folder, Path.Combine(folder, "sha256"));

    /// <returns>The blob's hash.</returns>
    /// <exception cref="BadInputException">The source cannot be read or the store not be written.</exception>
    public string Put(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return Put(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: {e.Message.TrimEnd('.')}; expected a readable file");
        }
    }

    public string Put(ReadOnlySpan<byte> bytes)
    {
        using var stream = new MemoryStream(bytes.ToArray(), writable: false);
        return Put(stream);
    }

    public bool Has(string hash) => File.Exists(PathOf(hash));

    /// <summary>Where a blob lies. It is read-only; what reads it may rely on its hash.</summary>
    /// <exception cref="BadInputException">It is not there.</exception>
    public string Find(string hash) => Has(hash) ? PathOf(hash)
        : throw new BadInputException($"blob {hash}: not in {_folder}");

    /// <summary>Reads a blob and holds it to its name.</summary>
    /// <exception cref="BadInputException">It is not there, or not what its name says.</exception>
    public byte[] Read(string hash)
    {
        var bytes = File.ReadAllBytes(Find(hash));
        return CanonicalJson.HashOfBytes(bytes) == hash
            ? bytes
            : throw new BadInputException($"{PathOf(hash)}: its content has another "
                + "hash; expected it unchanged");
    }

    string Put(Stream source)
    {
        try
        {
            using var scratch = new ScratchFolder(_registry, "blob");
            var temporary = scratch.In("blob");
            string hash;
            using (var target = File.Create(temporary))
            using (var hashing = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
            {
                var buffer = new byte[1 << 16];
                for (int read; (read = source.Read(buffer)) > 0;)
                {
                    hashing.AppendData(buffer.AsSpan(0, read));
                    target.Write(buffer.AsSpan(0, read));
                }
                target.Flush(flushToDisk: true);
                hash = Convert.ToHexStringLower(hashing.GetHashAndReset());
            }
            var path = PathOf(hash);
            if (!File.Exists(path))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.Move(temporary, path, overwrite: true);
            }
            return hash;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{_folder}: cannot be written ({e.Message.TrimEnd('.')}); expected "
                + "a writable folder");
        }
    }

    string PathOf(string hash) => hash.Length == 64 && hash.AsSpan().IndexOfAnyExceptInRange('0', 'f') < 0
        ? Path.Combine(_folder, hash[..2], hash[2..4], hash)
        : throw new BadInputException($"blob {hash}: expected 64 hexadecimal digits");
}
