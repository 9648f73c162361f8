using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Threading;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Placeholder;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Server.Configuration;

/// <summary>Makes an engine that computes of what the configuration says.</summary>
public static class LlamaFactory
{
    /// <param name="name">Name that requests use.</param>
    /// <param name="config">The model's file and its settings.</param>
    /// <param name="levels">Levels of service.</param>
    /// <param name="state">Folder that the built-in model is written to when no file is named.</param>
    /// <param name="time">Tells chat templates the date.</param>
    /// <param name="story">Hears what is served and what it costs to start.</param>
    public static LlamaEngine Start(
        string name, LlamaConfig config, IReadOnlyList<ServiceLevelSpec> levels, string state,
            string? decisionLog,
        TimeProvider time, TextWriter story)
    {
        var options = OptionsOf(name, config, levels, state) with { DecisionLog = decisionLog };
        var engine = new LlamaEngine(options, time);
        try
        {
            foreach (var (adapter, file) in config.Adapters)
            {
                engine.LoadAdapterAsync(adapter, file, CancellationToken.None).AsTask().GetAwaiter()
                    .GetResult();
            }
        }
        catch (EngineRefusalException e)
        {
            throw new BadInputException($"model {name}: {e.Message}");
        }
        var facts = engine.Model.Facts;
        story.WriteLine(
            FormattableString.Invariant($"plimsoll: {name} is {facts.Name} ({facts.Architecture}, ")
            + FormattableString.Invariant($"{facts.WeightBytes / 1e6:0.#} MB) by llama.cpp, ")
            + $"{options.Threads} thread{(options.Threads == 1 ? "" : "s")}, {engine.Facts.MaxModelTokens} "
            + $"tokens of context");
        story.WriteLine(
            $"plimsoll: {name} keeps its KV {KvLayoutChoice.Choices.NameOf(engine.Layout.Layout)}: "
                + engine.Layout.Why);
        if (options.DraftPath is { } draft)
            story.WriteLine($"plimsoll: {name} is guessed at by {draft}");
        if (options.ProjectorPath is { } projector)
            story.WriteLine($"plimsoll: {name} takes images through {projector}");
        if (facts.Description == PlaceholderModel.Description)
            story.WriteLine($"plimsoll: {name} has {PlaceholderModel.Description}");
        if (engine.Calibration.Count > 0)
        {
            story.WriteLine(
                $"plimsoll: {engine.Calibration.Count} steps timed; the next start finds them in the cache");
        }
        return engine;
    }

    /// <summary>How llama.cpp is to serve what the configuration names.</summary>
    public static LlamaOptions OptionsOf(
        string name, LlamaConfig config, IReadOnlyList<ServiceLevelSpec> levels, string state) => new()
    {
        Model = name,
        Path = config.Path ?? BuiltIn(state),
        Limits = Limits(config, levels),
        Layout = KvLayoutChoice.Choices.TryFind(config.KvLayout, out var layout) ? layout
            : throw new BadInputException(
                $"model {name}: kv_layout {config.KvLayout}", "", $"{KvLayoutChoice.Choices}"),
        MaxModelTokens = config.MaxModelLen,
        Threads = config.Threads,
        Core = config.Core,
        MicroTokens = config.MicroTokens,
        GpuLayers = config.GpuLayers,
        Library = new LlamaLibraryOptions(config.Lib, config.Backend),
        CacheFolder = config.Cache,
        Speculates = config.Speculate,
        // Answers without a seed are others after every start.
        Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        DraftPath = config.DraftModel,
        ProjectorPath = config.Mmproj,
    };

    static SchedulerOptions Limits(LlamaConfig config, IReadOnlyList<ServiceLevelSpec> levels)
    {
        if (!SchedulingPolicy.All.TryFind(config.Policy, out var policy))
            throw new BadInputException($"policy {config.Policy}: expected {SchedulingPolicy.All}");
        AtLeast("block_size", config.BlockSize, 1, "");
        AtLeast("kv_tokens", config.KvTokens, config.BlockSize, ", one block");
        AtLeast("max_num_seqs", config.MaxNumSeqs, 1, "");
        AtLeast("max_num_batched_tokens", config.MaxNumBatchedTokens, 1, "");
        AtLeast("max_model_len", config.MaxModelLen ?? 1, 1, "");
        AtLeast("threads", config.Threads, 1, "");
        if ((config.Speculate || config.DraftModel is not null) && policy.Slack is null)
        {
            throw new BadInputException(
                $"{(config.Speculate ? "speculate" : "draft_model")} with policy {policy.Name}",
                "which asks for no drafts",
                SchedulingPolicy.InSlack.Name);
        }
        EngineLimits.CheckDecodesFit(policy, config.MaxNumSeqs, config.MaxNumBatchedTokens);
        return new SchedulerOptions
        {
            Policy = policy,
            Levels = levels,
            MaxNumSeqs = config.MaxNumSeqs,
            MaxNumBatchedTokens = config.MaxNumBatchedTokens,
            NumBlocks = config.KvTokens / config.BlockSize,
            BlockSize = config.BlockSize,
            PrefixBlockTokens = config.PrefixCaching ? config.BlockSize : 0,
        };
    }

    static void AtLeast(string name, int given, int least, string what)
    {
        if (given < least)
            throw new BadInputException($"{name} {given}: expected at least {least}{what}");
    }

    static string BuiltIn(string state)
    {
        var path = System.IO.Path.Combine(state, BuiltInModel.Name + ".gguf");
        try
        {
            Directory.CreateDirectory(state);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{state} cannot be made: {e.Message}");
        }
        if (!File.Exists(path))
            BuiltInModel.WriteTo(path);
        return path;
    }
}
