using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Registry;

/// <summary>Where a name pointed, and since when.</summary>
public sealed record AliasEntry(long Sequence, string Name, string Hash, DateTimeOffset At, string Reason);

/// <summary>
/// The graph of manifests over a <see cref="BlobStore"/>, in SQLite. Manifests never change and never go;
/// names are the only thing that moves, and every move stays readable. Safe for several processes at once.
/// </summary>
public sealed class ModelRegistry : IDisposable
{
    const int SchemaVersion = 1;

    readonly SqliteConnection _connection;
    readonly TimeProvider _time;

    /// <exception cref="BadInputException">The folder cannot be written, or holds
    /// a newer registry.</exception>
    public ModelRegistry(string folder, TimeProvider time)
    {
        Folder = folder;
        _time = time;
        Blobs = new BlobStore(folder);
        try
        {
            Directory.CreateDirectory(folder);
            _connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = Path.Combine(folder, "registry.db"),
                DefaultTimeout = 30,
                Pooling = false,
            }.ToString());
            _connection.Open();
            CreateSchema();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new BadInputException($"{folder}: no registry can be kept here "
                + $"({e.Message.TrimEnd('.')}); expected a writable folder");
        }
    }

    public string Folder { get; }

    public BlobStore Blobs { get; }

    /// <summary>Adds an object; the same one again changes nothing.</summary>
    /// <returns>Its hash.</returns>
    /// <exception cref="BadInputException">A link or a blob that is not there.</exception>
    public string Add(Manifest manifest) => AddAll([manifest]);

    /// <summary>Adds objects that may link to those before them: all or none.</summary>
    /// <returns>The last one's hash.</returns>
    /// <exception cref="BadInputException">A link or a blob that is not there.</exception>
    public string AddAll(IReadOnlyList<Manifest> manifests) => Written(() =>
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var manifest in manifests)
            Insert(manifest);
        transaction.Commit();
        return manifests[^1].Hash;
    });

    void Insert(Manifest manifest)
    {
        var hash = manifest.Hash;
        foreach (var (role, link) in manifest.Links)
        {
            if (Count("SELECT COUNT(*) FROM manifests WHERE hash = $a", link) == 0)
            {
                throw new BadInputException($"{manifest.Kind} names {role} {link}, "
                    + "which is not in the registry");
            }
        }
        foreach (var (name, blob) in manifest.Blobs)
        {
            if (!Blobs.Has(blob))
            {
                throw new BadInputException($"{manifest.Kind} names blob {name} {blob}, "
                    + "which is not in the registry");
            }
        }
        Execute("INSERT OR IGNORE INTO manifests (hash, kind, body, added) VALUES ($a, $b, $c, $d)",
            hash, manifest.Kind.ToString(), CanonicalJson.Of(manifest), Now());
        foreach (var (role, link) in manifest.Links)
        {
            Execute("INSERT OR IGNORE INTO links (source, role, target) VALUES ($a, $b, $c)", hash, role,
                link);
        }
    }

    /// <exception cref="BadInputException">There is none of this hash, or its body
    /// was tampered with.</exception>
    public Manifest Get(string hash)
    {
        using var command = Command("SELECT body FROM manifests WHERE hash = $a", hash);
        var body = command.ExecuteScalar() as string
            ?? throw new BadInputException($"{hash}: not in the registry");
        var manifest = JsonSerializer.Deserialize<Manifest>(body, CanonicalJson.Options)!;
        return manifest.Hash == hash ? manifest : throw new BadInputException($"{hash}: the registry holds "
            + "another content under this name");
    }

    /// <summary>
    /// By hash, by a hash's beginning of at least six digits, or by name as <c>task@production</c>.
    /// </summary>
    /// <exception cref="BadInputException">None, or several.</exception>
    public string Resolve(string name)
    {
        if (name.Contains('@', StringComparison.Ordinal))
            return Alias(name)?.Hash ?? throw new BadInputException($"{name}: no such name in the registry");
        if (name.Length < 6 || name.AsSpan().ContainsAnyExcept("0123456789abcdef"))
        {
            throw new BadInputException($"{name}: expected a hash, at least its first "
                + "six digits, or task@alias");
        }
        using var command = Command("SELECT hash FROM manifests WHERE hash LIKE $a || '%' LIMIT 2", name);
        using var reader = command.ExecuteReader();
        if (!reader.Read())
            throw new BadInputException($"{name}: not in the registry");
        var hash = reader.GetString(0);
        return reader.Read() ? throw new BadInputException(
            $"{name}: several objects begin so; expected more digits") : hash;
    }

    /// <summary>Newest first.</summary>
    public List<string> OfKind(ManifestKind kind) =>
        Strings("SELECT hash FROM manifests WHERE kind = $a ORDER BY added DESC, hash", kind.ToString());

    /// <summary>Objects that link to this one under a role; newest first.</summary>
    public List<string> Users(string hash, string role) => Strings(
        "SELECT source FROM links JOIN manifests ON hash = source WHERE target = $a AND role = $b ORDER BY "
            + "added DESC, source", hash, role);

    /// <summary>Points a name at an object. The history keeps where it pointed before.</summary>
    public void SetAlias(string name, string hash, string reason)
    {
        Get(hash);
        if (name.Split('@') is not [{ Length: > 0 }, { Length: > 0 }])
            throw new BadInputException($"{name}: expected task@alias");
        Written(() => Execute("INSERT INTO aliases (name, hash, at, reason) VALUES ($a, $b, $c, $d)", name,
            hash, Now(), reason));
    }

    public AliasEntry? Alias(string name) => History(name) is [.., var last] ? last : null;

    /// <summary>Oldest first.</summary>
    public List<AliasEntry> History(string name)
    {
        using var command = Command("SELECT sequence, name, hash, at, reason FROM aliases WHERE name = $a "
            + "ORDER BY sequence", name);
        using var reader = command.ExecuteReader();
        var entries = new List<AliasEntry>();
        while (reader.Read())
        {
            entries.Add(new AliasEntry(reader.GetInt64(0), reader.GetString(1), reader.GetString(2),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(3)), reader.GetString(4)));
        }
        return entries;
    }

    public List<string> AliasNames() => Strings("SELECT DISTINCT name FROM aliases ORDER BY name");

    public void Dispose() => _connection.Dispose();

    void CreateSchema()
    {
        Execute("PRAGMA journal_mode = WAL");
        Execute("PRAGMA synchronous = FULL");
        var version = Count("PRAGMA user_version");
        if (version > SchemaVersion)
        {
            throw new BadInputException($"{Folder}: a registry of version {version}; expected at most "
                + $"{SchemaVersion}");
        }
        if (version == SchemaVersion)
            return;
        // Triggers keep what the types promise, whoever opens the file.
        Execute("""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS manifests (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, added INTEGER NOT NULL);
            CREATE TABLE IF NOT EXISTS links (source TEXT NOT NULL REFERENCES manifests, role TEXT NOT NULL,
                target TEXT NOT NULL REFERENCES manifests, PRIMARY KEY (source, role)) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS links_by_target ON links (target, role);
            CREATE TABLE IF NOT EXISTS aliases (sequence INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,
                hash TEXT NOT NULL REFERENCES manifests, at INTEGER NOT NULL, reason TEXT NOT NULL);
            CREATE INDEX IF NOT EXISTS aliases_by_name ON aliases (name, sequence);
            CREATE TRIGGER IF NOT EXISTS manifests_stay BEFORE UPDATE ON manifests BEGIN SELECT RAISE(ABORT, 'manifests never change'); END;
            CREATE TRIGGER IF NOT EXISTS manifests_remain BEFORE DELETE ON manifests BEGIN SELECT RAISE(ABORT, 'manifests never go'); END;
            CREATE TRIGGER IF NOT EXISTS aliases_stay BEFORE UPDATE ON aliases BEGIN SELECT RAISE(ABORT, 'history never changes'); END;
            CREATE TRIGGER IF NOT EXISTS aliases_remain BEFORE DELETE ON aliases BEGIN SELECT RAISE(ABORT, 'history never goes'); END;
            PRAGMA user_version = 1;
            COMMIT;
            """);
    }

    long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    SqliteCommand Command(string sql, params object[] values) => _connection.Command(sql, values);

    // A full disk is told by SQLite in its own kind of exception.
    T Written<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (SqliteException e)
        {
            throw new BadInputException($"{Folder}: the registry cannot be written "
                + $"({e.Message.TrimEnd('.')}); expected a writable folder with room");
        }
    }

    int Execute(string sql, params object[] values)
    {
        using var command = Command(sql, values);
        return command.ExecuteNonQuery();
    }

    long Count(string sql, params object[] values)
    {
        using var command = Command(sql, values);
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    List<string> Strings(string sql, params object[] values)
    {
        using var command = Command(sql, values);
        using var reader = command.ExecuteReader();
        var found = new List<string>();
        while (reader.Read())
            found.Add(reader.GetString(0));
        return found;
    }
}
