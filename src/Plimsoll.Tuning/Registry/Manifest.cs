using System.Collections.Generic;
using System.Text.Json.Nodes;

namespace Plimsoll.Tuning.Registry;

/// <summary>What an object of the registry is.</summary>
public enum ManifestKind
{
    /// <summary>A model to train on: its files, the hash of its weights.</summary>
    Base,

    /// <summary>Records, their split, and every filter that made them.</summary>
    Dataset,

    /// <summary>A training spec.</summary>
    Spec,

    /// <summary>One execution of a spec: engine, host, log, cost.</summary>
    Run,

    /// <summary>What a run gave: PEFT files, or a whole model where all weights were trained.</summary>
    Adapter,

    /// <summary>A candidate on a set: answers per example, interval.</summary>
    Evaluation,

    /// <summary>A candidate that passed its gates, with their evidence.</summary>
    Release,

    /// <summary>How far guesses carry a release's answers, and the draft model made of them.</summary>
    Draft,
}

/// <summary>
/// One immutable object: what it was made from, the files it holds, and what is to be said about it. Its
/// SHA-256 in canonical JSON is its name.
/// </summary>
/// <param name="Links">By role, hashes of other manifests: a run's <c>spec</c>,
/// an adapter's <c>run</c>.</param>
/// <param name="Blobs">By file name, hashes of blobs.</param>
public sealed record Manifest(
    ManifestKind Kind, IReadOnlyDictionary<string, string> Links, IReadOnlyDictionary<string, string> Blobs,
        JsonObject Facts)
{
    public static Manifest Of(
        ManifestKind kind, JsonObject facts, IReadOnlyDictionary<string, string>? links = null,
        IReadOnlyDictionary<string, string>? blobs = null) =>
        new(kind, links ?? new Dictionary<string, string>(), blobs ?? new Dictionary<string, string>(),
            facts);

    public string Hash => CanonicalJson.HashOf(this);
}
