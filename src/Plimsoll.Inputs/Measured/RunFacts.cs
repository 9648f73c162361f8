using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Inputs.Measured;

/// <summary>What a measured file says of the engine it was measured on; null where it is silent.</summary>
public sealed record RunFacts
{
    public static RunFacts None { get; } = new();

    public string? Model { get; init; }

    public string? Engine { get; init; }

    public string? EngineVersion { get; init; }

    public int? TensorParallel { get; init; }

    public int? DataParallel { get; init; }

    /// <summary>Whether experts were dealt out over the ranks rather than sliced.</summary>
    public bool? ExpertParallel { get; init; }

    /// <summary>KV blocks of one engine rank, as the engine counted them.</summary>
    public int? NumGpuBlocks { get; init; }

    public int? BlockSize { get; init; }

    public int? MaxNumSeqs { get; init; }

    public int? MaxNumBatchedTokens { get; init; }

    /// <summary>
    /// Refuses a file that was measured on something else than the deployment. A model's name that the
    /// catalogue does not know may be an alias of the server and is let through.
    /// </summary>
    public void Check(string file, Deployment deployment)
    {
        if (Model is not null && Known(Model) is { } known && known.Name != deployment.Model.Name)
            throw Differs(file, "model", Model, Setting.Model, deployment.Model.Name);
        var engine = deployment.Engine;
        Same(file, "engine", Engine, Setting.Engine, engine.Engine);
        Same(file, "engine", EngineVersion is null ? null : $"{engine.Engine}@{EngineVersion}",
            Setting.Engine,
            engine.EngineVersion is null ? engine.Engine : $"{engine.Engine}@{engine.EngineVersion}");
        Same(file, "tensor_parallel_size", TensorParallel, Setting.TensorParallel, deployment.TensorParallel);
        Same(file, "data_parallel_size", DataParallel, Setting.DataParallel, deployment.DataParallel);
        if (deployment.Model.FeedForward.MoeLayers > 0 && deployment.Accelerators > 1)
        {
            Same(file, "enable_expert_parallel", ExpertParallel, Setting.ExpertParallel,
                deployment.ExpertParallel > 1);
        }
        Same(file, "max_num_seqs", MaxNumSeqs, Setting.MaxNumSeqs, engine.MaxNumSeqs);
        Same(file, "max_num_batched_tokens", MaxNumBatchedTokens, Setting.MaxNumBatchedTokens,
            engine.MaxNumBatchedTokens);
    }

    /// <summary>Refuses two files that were not measured on the same engine serving the same model.</summary>
    public void CheckAgainst(RunFacts other, string file, string otherFile)
    {
        Mixed("models", Model, other.Model);
        Mixed("engines", Engine, other.Engine);
        Mixed("engine versions", EngineVersion, other.EngineVersion);

        void Mixed(string what, string? mine, string? others)
        {
            if (mine is not null && others is not null && mine != others)
            {
                throw new BadInputException(
                    $"{file}: mixed {what}: {mine} here, {others} in {otherFile}; expected files of "
                    + "one engine serving one model");
            }
        }
    }

    static ModelSpec? Known(string name)
    {
        foreach (var model in Catalogue.BuiltIn.Models)
        {
            if (Names.PlainModel(model.Name) == Names.PlainModel(name))
                return model;
        }
        return null;
    }

    static void Same<T>(string file, string what, T? measured, Setting setting, T asked)
        where T : struct
    {
        if (measured is { } given && !EqualityComparer<T>.Default.Equals(given, asked))
            throw Differs(file, what, $"{given}", setting, $"{asked}");
    }

    static void Same(string file, string what, string? measured, Setting setting, string asked)
    {
        if (measured is not null && measured != asked)
            throw Differs(file, what, measured, setting, asked);
    }

    static BadInputException Differs(string file, string what, string measured, Setting setting,
        string asked) =>
        new(file, $"was measured with {what} {measured}, but {setting} is {asked}", "the same");
}
