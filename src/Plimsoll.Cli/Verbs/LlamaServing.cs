using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Engine.LlamaCpp;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// The options of <c>plimsoll serve --model FILE.gguf</c>: a model that llama.cpp computes here.
/// </summary>
sealed class LlamaServing
{
    readonly Option<string> _layout = new Option<string>("--kv-layout")
    {
        Description = $"llama.cpp: {KvLayoutChoice.Choices}; what suits the rest, prefixes shared, or each "
            + "sequence by itself",
        DefaultValueFactory = _ => KvLayoutChoice.Choices.Names[0],
    }.OneOf(KvLayoutChoice.Choices);

    readonly Option<int> _tokens = new("--kv-tokens")
    {
        Description = "llama.cpp: tokens of KV in all",
        DefaultValueFactory = _ => 16_384,
    };

    readonly Option<int?> _length =
        new("--max-model-len") { Description = "Longest prompt and answer together, tokens" };

    readonly Option<int> _threads = new("--threads")
    {
        Description = "llama.cpp: compute threads",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<int?> _core =
        new("--core") { Description = "llama.cpp: core that the engine is pinned to" };

    readonly Option<string> _backend = new Option<string>("--backend")
    {
        Description = $"llama.cpp: {LlamaLibrary.Backends}",
        DefaultValueFactory = _ => LlamaLibrary.Backends.Names[0],
    }.OneOf(LlamaLibrary.Backends);

    readonly Option<int> _layers =
        new("--gpu-layers") { Description = "llama.cpp: layers that a GPU computes" };

    readonly Option<DirectoryInfo?> _lib =
        new("--lib") { Description = "llama.cpp: folder of its shared libraries" };

    readonly Option<string[]> _adapters = new("--lora-modules")
    {
        Description = "llama.cpp: LoRA adapters as NAME=FILE.gguf",
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<bool> _speculate = new("--speculate")
    {
        Description = "llama.cpp: guess continuations from earlier text and check them, with --policy slack",
    };

    readonly Option<FileInfo?> _draft = new("--draft-model")
    {
        Description =
            "llama.cpp: small GGUF of the same vocabulary that guesses along, with --policy slack",
    };

    readonly Option<FileInfo?> _projector = new("--mmproj")
    {
        Description = "llama.cpp: GGUF of the model's image projector; images are taken with one",
    };

    readonly Option<decimal?> _price = new("--price") { Description = "USD per hour of this machine" };

    public IEnumerable<Option> All =>
        [_layout, _tokens, _length, _threads, _core, _backend, _layers, _lib, _adapters, _speculate, _draft,
            _projector, _price];

    /// <summary>What decides how long steps take; the rest is of serving.</summary>
    public IEnumerable<Option> OfSteps => [_layout, _tokens, _length, _threads, _core, _lib];

    /// <summary>Whether a model is a file to compute, and none of the catalogue to pretend.</summary>
    public static bool IsFile(string model) =>
        model.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || File.Exists(model);

    /// <param name="parsed">The command line.</param>
    /// <param name="name">Name that requests use.</param>
    /// <param name="path">The GGUF file; null for the placeholder.</param>
    /// <param name="policy">Scheduling policy.</param>
    /// <param name="sequences">Most sequences in one step.</param>
    /// <param name="tokens">Most new tokens in one step.</param>
    public Server.Configuration.ModelConfig Of(
        ParseResult parsed, string name, string? path, string policy, int? sequences, int? tokens)
    {
        var config = OfComputing(parsed, path, sequences, tokens);
        config.Policy = policy;
        config.Backend = parsed.GetValue(_backend)!;
        config.GpuLayers = parsed.GetValue(_layers);
        config.Speculate = parsed.GetValue(_speculate);
        config.DraftModel = parsed.GetValue(_draft)?.ToString();
        config.Mmproj = parsed.GetValue(_projector)?.ToString();
        foreach (var adapter in parsed.GetValue(_adapters) ?? [])
        {
            var at = adapter.IndexOf('=');
            if (at <= 0 || at == adapter.Length - 1
                || !config.Adapters.TryAdd(adapter[..at], adapter[(at + 1)..]))
            {
                throw new BadInputException(
                    $"--lora-modules {adapter}: expected NAME=FILE.gguf, each name once");
            }
        }
        return new Server.Configuration.ModelConfig
        {
            Name = name,
            Llama = config,
            PriceUsdPerHour = parsed.GetValue(_price),
        };
    }

    /// <summary>The file and <see cref="OfSteps"/>.</summary>
    public Server.Configuration.LlamaConfig OfComputing(
        ParseResult parsed, string? path, int? sequences, int? tokens)
    {
        var config = new Server.Configuration.LlamaConfig
        {
            Path = path,
            KvLayout = parsed.GetValue(_layout)!,
            KvTokens = parsed.GetValue(_tokens),
            MaxModelLen = parsed.GetValue(_length),
            Threads = parsed.GetValue(_threads),
            Core = parsed.GetValue(_core),
            Lib = parsed.GetValue(_lib)?.FullName,
        };
        config.MaxNumSeqs = sequences ?? config.MaxNumSeqs;
        config.MaxNumBatchedTokens = tokens ?? config.MaxNumBatchedTokens;
        return config;
    }
}
