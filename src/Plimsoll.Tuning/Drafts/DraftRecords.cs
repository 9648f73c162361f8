using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Drafts;

/// <summary>What is known of drafts for one release.</summary>
/// <param name="Hash">Of the manifest.</param>
/// <param name="Release">Whose answers were measured.</param>
/// <param name="Model">The draft model that was measured among them; null: none.</param>
/// <param name="Source">Which prompts.</param>
/// <param name="Measured">Day, UTC.</param>
/// <param name="Decision">Whether a draft model pays; null where none was made now.</param>
public sealed record DraftRecord(
    string Hash, string Release, string? Model, string Source, string Measured,
    IReadOnlyList<DraftAcceptance> Acceptance, GateOutcome? Decision);

/// <summary>The draft model in use for a task.</summary>
/// <param name="Model">The trained model's hash.</param>
/// <param name="Release">The release that it was distilled from.</param>
/// <param name="Target">The release that answers now.</param>
public sealed record DraftInUse(string Model, string Release, string Target)
{
    /// <summary>Its target changed since: acceptance is another's, never assumed.</summary>
    public bool IsStale => Release != Target;
}

/// <summary>
/// Drafts in the registry: measurements by release, and <c>task@draft</c>, which names the record of the
/// draft model that is deployed. Whether that is stale follows from the other names and is never stored.
/// </summary>
public sealed class DraftRecords(TuneWorkspace workspace)
{
    readonly ModelRegistry _registry = workspace.Registry;

    /// <param name="model">The draft model among the measured drafters; null: none.</param>
    /// <param name="source">Which prompts were answered.</param>
    public string Add(string release, string? model, string source, IReadOnlyList<DraftAcceptance> acceptance,
        GateOutcome? decision = null)
    {
        workspace.Of(release, ManifestKind.Release);
        var links = new Dictionary<string, string> { ["release"] = release };
        if (model is not null)
            links["model"] = model;
        var facts = new JsonObject
        {
            ["source"] = source,
            ["measured"] = workspace.Time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["acceptance"] = JsonSerializer.SerializeToNode(acceptance, CanonicalJson.Options),
        };
        if (decision is not null)
            facts["decision"] = JsonSerializer.SerializeToNode(decision, CanonicalJson.Options);
        return _registry.Add(Manifest.Of(ManifestKind.Draft, facts, links));
    }

    /// <summary>Newest first.</summary>
    public List<DraftRecord> Of(string release) => _registry.Users(release, "release")
        .Where(h => _registry.Get(h).Kind == ManifestKind.Draft).Select(Read).ToList();

    /// <summary>The draft model that is deployed for a task; null when there is none.</summary>
    public DraftInUse? InUse(string task)
    {
        if (_registry.Alias($"{task}@draft") is not { } named)
            return null;
        var record = Read(named.Hash);
        var target = _registry.Alias($"{task}@production") ?? _registry.Alias($"{task}@candidate");
        return record.Model is { } model
            ? new DraftInUse(model, record.Release, target?.Hash ?? record.Release) : null;
    }

    /// <summary>Names the record's draft model as the task's.</summary>
    public void Deploy(string task, string record, string reason)
    {
        workspace.Of(record, ManifestKind.Draft);
        _registry.SetAlias($"{task}@draft", record, reason);
    }

    public DraftRecord Read(string hash)
    {
        var manifest = workspace.Of(hash, ManifestKind.Draft);
        return new DraftRecord(
            hash, manifest.Links["release"], manifest.Links.GetValueOrDefault("model"),
            (string)manifest.Facts["source"]!, (string)manifest.Facts["measured"]!,
            manifest.Facts["acceptance"].Deserialize<List<DraftAcceptance>>(CanonicalJson.Options)!,
            manifest.Facts["decision"].Deserialize<GateOutcome>(CanonicalJson.Options));
    }
}
