using System;
using System.Collections.Generic;
using System.Data.Common;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Files;

/// <summary>
/// Files in a folder, their facts in the database. A file is there once both are on disk; what a crash left
/// half-written is swept away at the next start. Ids are ours, so no name of a client ever becomes a path.
/// </summary>
public sealed class FileStore
{
    const string Columns = "id, tenant, filename, purpose, bytes, created";

    /// <summary>Half a file that nobody has written to for so long is what a killed process left.</summary>
    static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    readonly string _folder;
    readonly Database _database;
    readonly GroupCommit _commit;
    readonly TimeProvider _time;

    public FileStore(string stateFolder, Database database, GroupCommit commit, TimeProvider time)
    {
        _folder = Path.Combine(stateFolder, "files");
        _database = database;
        _commit = commit;
        _time = time;
        try
        {
            Directory.CreateDirectory(_folder);
            // What another gateway that shares the folder is taking in was written to just now.
            foreach (var half in Directory.EnumerateFiles(_folder, "*.part"))
            {
                if (File.GetLastWriteTimeUtc(half) < time.GetUtcNow() - Abandoned)
                    File.Delete(half);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"state {_folder}: {e.Message.ReplaceLineEndings(" ")}; expected a folder to write to");
        }
    }

    /// <summary>A new id and the file it is written to before <see cref="KeepAsync"/>.</summary>
    public (string Id, string PartFile) Begin()
    {
        var id = "file-" + Guid.NewGuid().ToString("N");
        return (id, Path.Combine(_folder, id + ".part"));
    }

    /// <summary>Where a file of this id is written before <see cref="KeepAsync"/>.</summary>
    public string PartOf(string id) => Path.Combine(_folder, id + ".part");

    /// <summary>Moves a file that is complete and flushed to its place and books it.</summary>
    /// <param name="with">Written in the same transaction; null for nothing.</param>
    public async Task<StoredFile> KeepAsync(string id, string tenant, string name, string purpose,
        Action<SqlBatch>? with = null)
    {
        var part = Path.Combine(_folder, id + ".part");
        var file =
            new StoredFile(id, tenant, name, purpose, new FileInfo(part).Length, _time.GetUtcNow()
                .ToUnixTimeSeconds());
        File.Move(part, PathOf(id), overwrite: true);
        try
        {
            await BookAsync(file, with);
        }
        catch (StorageAwayException)
        {
            File.Delete(PathOf(id));
            throw;
        }
        return file;
    }

    /// <summary>A batch's own files wait for the database as long as it takes, a client's do not.</summary>
    Task BookAsync(StoredFile file, Action<SqlBatch>? with) => _commit.WriteAsync(
        batch =>
        {
            batch.Execute(
                $"INSERT INTO files ({Columns}) VALUES (@id, @tenant, @name, @purpose, @bytes, @created) "
                    + $"ON CONFLICT (id) DO NOTHING",
                ("@id", file.Id), ("@tenant", file.Tenant), ("@name", file.Name),
                ("@purpose", file.Purpose), ("@bytes", file.Bytes), ("@created", file.Created));
            with?.Invoke(batch);
        },
        file.Purpose == "batch_output" ? null : GroupCommit.ClientPatience);

    /// <summary>The tenant's file; null when there is none of that id, or it is another's.</summary>
    public StoredFile? Find(string tenant, string id)
    {
        using var connection = _database.Connect();
        var found = SqlBatch.Reading(connection).Query(
            $"SELECT {Columns} FROM files WHERE id = @id AND tenant = @tenant", Read, ("@id", id),
                ("@tenant", tenant));
        return found.Count == 0 ? null : found[0];
    }

    public IReadOnlyList<StoredFile> List(string tenant, string? purpose, string? after, int limit)
    {
        using var connection = _database.Connect();
        var files = SqlBatch.Reading(connection).Query(
            $"SELECT {Columns} FROM files WHERE tenant = @tenant ORDER BY created DESC, id DESC", Read,
                ("@tenant", tenant));
        if (purpose is not null)
            files.RemoveAll(file => file.Purpose != purpose);
        var start = after is null ? 0 : files.FindIndex(file => file.Id == after) + 1;
        return files.GetRange(start, Math.Min(limit, files.Count - start));
    }

    public async Task<bool> DeleteAsync(string tenant, string id)
    {
        if (Find(tenant, id) is null)
            return false;
        await _commit.WriteAsync(
            batch => batch.Execute("DELETE FROM files WHERE id = @id", ("@id", id)),
            GroupCommit.ClientPatience);
        File.Delete(PathOf(id));
        return true;
    }

    public FileStream OpenRead(string id) => new(
        PathOf(id), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024,
            FileOptions.Asynchronous);

    /// <summary>
    /// Copies a stream into a file of at most so many bytes, flushed to the disk; false when it is longer.
    /// </summary>
    public static async Task<bool> WriteAsync(string file, Stream source, long most,
        CancellationToken cancellation)
    {
        await using var target =
            new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 64 * 1024,
                FileOptions.Asynchronous);
        var buffer = new byte[64 * 1024];
        long total = 0;
        int read;
        while ((read = await source.ReadAsync(buffer, cancellation)) > 0)
        {
            total += read;
            if (total > most)
                return false;
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
        target.Flush(flushToDisk: true);
        return true;
    }

    string PathOf(string id) => Path.Combine(_folder, id);

    static StoredFile Read(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3),
            reader.GetInt64(4),
        reader.GetInt64(5));
}
