using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning;

/// <summary>
/// The five stages over one registry. Each takes hashes and gives a hash; what is there already
/// is not done again.
/// </summary>
public sealed class TuneWorkspace : IDisposable
{
    static readonly string[] _baseFiles =
        ["config.json", "tokenizer.json", "tokenizer_config.json", ModelFolder.TemplateFile,
            ModelFolder.WeightsFile, ModelFolder.WeightsFile + ".index.json"];

    public TuneWorkspace(string folder, TimeProvider time)
    {
        Folder = folder;
        Time = time;
        Registry = new ModelRegistry(folder, time);
        ScratchFolder.RemoveLeft(folder);
    }

    public string Folder { get; }

    public TimeProvider Time { get; }

    public ModelRegistry Registry { get; }

    /// <summary>Takes a Hugging Face folder in as a base.</summary>
    public string AddBase(string folder)
    {
        using var model = ModelFolder.Open(folder);
        if (!model.HasWeights)
            throw new BadInputException($"{folder}: no weights; expected {ModelFolder.WeightsFile}");
        var blobs = new Dictionary<string, string>();
        foreach (var file in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(file);
            if (_baseFiles.Contains(name) || name.EndsWith(".safetensors", StringComparison.Ordinal))
                blobs[name] = Registry.Blobs.Put(file);
        }
        return Registry.Add(Manifest.Of(ManifestKind.Base, new JsonObject
        {
            ["architecture"] = model.Config.Architecture.ToString().ToLowerInvariant(),
            ["parameters"] = model.Config.Parameters,
            ["template_sha256"] = model.Template.Hash,
            ["tokenizer_sha256"] = model.TokenizerHash,
            ["weights_sha256"] = model.WeightHash(),
        }, blobs: blobs));
    }

    /// <summary>Takes a GGUF file in as a base; its quantised weights are what is tuned on.</summary>
    public string AddGguf(string file)
    {
        using var scratch = new ScratchFolder(Folder, "import");
        using (var gguf = GgufFile.Open(file))
            GgufImport.Model(gguf, scratch.Path);
        return AddBase(scratch.Path);
    }

    /// <summary>
    /// Makes a dataset of records and takes it in. What was redacted lies apart, under <c>vault</c>.
    /// </summary>
    /// <param name="origin">Where the records came from, as the manifest will say it.</param>
    public (string Hash, DatasetBuild Build) AddDataset(
        IReadOnlyList<TrainingRecord> raw, DatasetOptions options, string baseHash, JsonObject origin,
            CancellationToken cancellation)
    {
        using var model = OpenFolder(baseHash);
        var renderer = model.Renderer;
        var evaluation = options.EvaluationSets.OrderBy(s => s.Key, StringComparer.Ordinal)
            .SelectMany(s => RecordReader.ReadJsonl(s.Value)).ToList();
        var build = DatasetBuilder.Build(raw, evaluation, options, r => Tokens(renderer, r), cancellation);
        // Whatever cannot be rendered is refused now, not in the middle of a run.
        var statistics = DatasetStatistics.Of(build.Train, renderer);
        var blobs = new Dictionary<string, string>
        {
            ["train.jsonl"] = PutLines(build.Train.Select(RecordJson.Of)),
            ["validation.jsonl"] = PutLines(build.Validation.Select(RecordJson.Of)),
            ["record-hashes"] = Registry.Blobs.Put(
                Encoding.ASCII.GetBytes(DatasetBuilder.RecordHashes([.. build.Train, .. build.Validation]))),
        };
        foreach (var (name, file) in options.EvaluationSets)
            blobs[$"evaluation-{name}.jsonl"] = Registry.Blobs.Put(file);
        var hash = Registry.Add(Manifest.Of(ManifestKind.Dataset, new JsonObject
        {
            ["origin"] = origin,
            ["filters"] = JsonSerializer.SerializeToNode(build.Filters, CanonicalJson.Options),
            ["redacted"] = JsonSerializer.SerializeToNode(build.RedactedCounts, CanonicalJson.Options),
            ["near_duplicate_similarity"] = options.NearDuplicateSimilarity,
            ["validation_share"] = options.ValidationShare,
            ["seed"] = options.Seed,
            ["train"] = build.Train.Count,
            ["validation"] = build.Validation.Count,
            ["train_tokens"] = statistics.Tokens,
            ["learned_tokens"] = statistics.Learned,
        }, new Dictionary<string, string> { ["tokens_of"] = baseHash }, blobs));
        KeepVault(hash, build);
        return (hash, build);
    }

    /// <summary>An object's files in a folder of their own, as tools expect them.</summary>
    public string FolderOf(string hash)
    {
        var folder = Path.Combine(Folder, "folders", hash);
        if (Directory.Exists(folder))
            return folder;
        using var scratch = new ScratchFolder(Folder, "folder");
        var whole = Directory.CreateDirectory(scratch.In(hash)).FullName;
        foreach (var (name, blob) in Registry.Get(hash).Blobs)
        {
            File.CreateSymbolicLink(Path.Combine(whole, Path.GetFileName(name)),
                Path.GetFullPath(Registry.Blobs.Find(blob)));
        }
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        try
        {
            Directory.Move(whole, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another process was first; both made the same.
        }
        return folder;
    }

    /// <exception cref="BadInputException">The object is no base.</exception>
    public ModelFolder OpenFolder(string baseHash)
    {
        Of(baseHash, ManifestKind.Base);
        return ModelFolder.Open(FolderOf(baseHash));
    }

    /// <summary>The object, which must be of this kind.</summary>
    public Manifest Of(string hash, ManifestKind kind)
    {
        var manifest = Registry.Get(hash);
        return manifest.Kind == kind
            ? manifest
            : throw new BadInputException($"{hash[..12]} is of kind "
                + $"{manifest.Kind.ToString().ToLowerInvariant()}; expected "
                + $"{kind.ToString().ToLowerInvariant()}");
    }

    /// <summary>
    /// What an adapter was trained on: its spec's manifest, and through it base and dataset.
    /// </summary>
    public Manifest SpecOf(string adapterHash) =>
        Of(Of(Of(adapterHash, ManifestKind.Adapter).Links["run"], ManifestKind.Run).Links["spec"],
            ManifestKind.Spec);

    public void Dispose() => Registry.Dispose();

    internal string PutLines(IEnumerable<string> lines) =>
        Registry.Blobs.Put(Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))));

    static int Tokens(Renderer renderer, TrainingRecord record) =>
        record.Conversations().Max(c => renderer.Example(c).Tokens.Length);

    void KeepVault(string hash, DatasetBuild build)
    {
        if (build.Redacted.Count == 0)
            return;
        var vault = Path.Combine(Folder, "vault");
        Directory.CreateDirectory(vault);
        var path = Path.Combine(vault, hash + ".json");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(path, options);
        JsonSerializer.Serialize(stream, build.Redacted);
    }
}
