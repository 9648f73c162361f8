using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Which adapters the replicas of a model are to hold: in the database, for every gateway that shares it and
/// over restarts.
/// </summary>
sealed class AdapterShelf(GroupCommit commit)
{
    public Task AddAsync(string model, string name, string path) => commit.WriteAsync(
        batch => batch.Execute(
            "INSERT INTO adapters VALUES (@model, @name, @path) "
                + "ON CONFLICT (model, name) DO UPDATE SET path = @path",
            ("@model", model), ("@name", name), ("@path", path)),
        GroupCommit.ClientPatience);

    public Task RemoveAsync(string model, string name) => commit.WriteAsync(
        batch => batch.Execute(
            "DELETE FROM adapters WHERE model = @model AND name = @name", ("@model", model), ("@name", name)),
        GroupCommit.ClientPatience);

    /// <summary>Their paths by name.</summary>
    public async Task<IReadOnlyDictionary<string, string>> OfAsync(string model)
    {
        var adapters = new Dictionary<string, string>();
        // On the writer's thread: a database that is away is waited for there, and holds up no request.
        await commit.WriteAsync(
            batch =>
            {
                adapters.Clear();
                var rows = batch.Query(
                    "SELECT name, path FROM adapters WHERE model = @model",
                    reader => (Name: reader.GetString(0), Path: reader.GetString(1)), ("@model", model));
                foreach (var row in rows)
                    adapters[row.Name] = row.Path;
            },
            GroupCommit.ClientPatience);
        return adapters;
    }
}
