using System.CommandLine;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Planning.Search;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// What is served on what: the options that every serving verb shares, named as vLLM names them. What was
/// measured (<c>calibrate</c>) takes those of the deployment alone.
/// </summary>
sealed class ServingOptions
{
    readonly Option<string> _model = new("--model")
    {
        Description = "Model of the catalogue, or a Hugging Face config.json",
        DefaultValueFactory = _ => Usual.Model,
    };

    readonly Option<string> _gpu = new("--gpu")
    {
        Description = "Accelerator of the catalogue",
        DefaultValueFactory = _ => Usual.Accelerator,
    };

    readonly Option<int?> _tp =
        new("--tp") { Description = "Tensor parallel degree [default: the cheapest that fits]" };
    readonly Option<int?> _pp =
        new("--pp") { Description = "Pipeline stages [default: 1, more only if nothing else fits]" };
    readonly Option<int?> _ep =
        new("--ep") { Description = "Expert parallel degree: 1, or --tp × --dp [default: 1]" };
    readonly Option<int?> _dp =
        new("--dp") { Description = "Data parallel ranks of one replica [default: 1]" };

    readonly Option<double> _expertSkew = new("--expert-skew")
    {
        Description = "How unevenly tokens choose their experts, as the exponent of the power law of their "
            + "shares: 0 balanced, 1.2 the most measured",
        DefaultValueFactory = _ => Core.Hardware.Deployment.FittedExpertSkew,
    };

    readonly Option<string?> _weights = new("--weights")
    {
        Description = $"Weight format: {NumberFormats.All} [default: as published]",
    };

    readonly Option<string> _kv = new("--kv")
    {
        Description = $"KV cache format: {NumberFormats.OfKv}",
        DefaultValueFactory = _ => "bf16",
    };

    readonly WorkloadOptions _served = new();

    readonly Option<string> _engine = new("--engine")
    {
        Description =
            $"Whose kernels and host overhead: {EngineCatalogue.All}, with an optional release: vllm@0.12.0",
        DefaultValueFactory = _ => Usual.Engine,
    };

    readonly Option<string> _policy = new("--policy")
    {
        Description = $"Scheduling policy: {SchedulingPolicy.Simulated}",
        DefaultValueFactory = _ => SchedulingPolicy.VllmV1.Name,
    };

    readonly Option<int?> _maxNumSeqs = new("--max-num-seqs")
    {
        Description = "Most sequences running at once in an engine rank "
            + "[default: vLLM's: 1024; 256 on an A100 and below 70 GiB]",
    };

    readonly Option<int?> _maxNumBatchedTokens = new("--max-num-batched-tokens")
    {
        Description = "Most new tokens in one step [default: vLLM's: 8192; 2048 on an A100 and below 70 GiB]",
    };

    readonly Option<int?> _numGpuBlocks = new("--num-gpu-blocks")
    {
        Description = "KV blocks of an engine rank, when the engine's own count is known [default: computed]",
    };

    readonly Option<int> _blockSize = new("--block-size")
    {
        Description = "Tokens per KV block",
        DefaultValueFactory = _ => new EngineSettings().BlockSize,
    };

    readonly Option<double> _gpuMemoryUtilization = new("--gpu-memory-utilization")
    {
        Description = "Share of the accelerator's memory that the engine may use",
        DefaultValueFactory = _ => new EngineSettings().GpuMemoryUtilization,
    };

    readonly Option<int> _longPrefill = new("--long-prefill-token-threshold")
    {
        Description = "Most new prompt tokens of one request in one step; 0 for no limit",
        DefaultValueFactory = _ => 0,
    };

    readonly Option<bool> _noPrefixCaching = new("--no-enable-prefix-caching")
    {
        Description = "Switch the prefix cache off",
    };

    readonly Option<bool> _overlap = new("--enable-dbo")
    {
        Description = "Compute a batch as two, one exchanging tokens with experts while the other computes",
    };

    readonly Option<int> _redundant = new("--num-redundant-experts")
    {
        Description = "Copies of busy experts beside all of them (EPLB)", DefaultValueFactory = _ => 0,
    };

    readonly Option<string> _kvTiers = new("--kv-tiers")
    {
        Description = "Memories below the accelerator's that keep KV: none, or host, nvme and pool joined "
            + "by +, host=512@40+pool with GB and GB/s of each accelerator",
        DefaultValueFactory = _ => "none",
    };

    readonly Option<int?> _draftTokens = new("--num-speculative-tokens")
    {
        Description = "Tokens drafted per step by a light head (MTP, EAGLE) [default: no speculation]",
    };

    readonly Option<double?> _acceptance = new("--acceptance-length")
    {
        Description = "Mean tokens that a step with drafts yields; `--num-speculative-tokens` needs it",
    };

    readonly Option<string?> _profile = new("--profile")
    {
        Description = "Step times as `plimsoll calibrate` fitted them to an engine of this deployment",
    };

    public ServingOptions()
    {
        _model.Suggest(Suggestions.Models);
        _gpu.Suggest(Suggestions.Accelerators);
        _weights.OneOf(NumberFormats.All);
        _kv.OneOf(NumberFormats.OfKv);
        _engine.OneOf(EngineCatalogue.All);
        _policy.OneOf(SchedulingPolicy.Simulated);
    }

    public void AddTo(Command command)
    {
        AddDeploymentTo(command);
        _served.AddTo(command);
        foreach (var option in new Option[] { _policy, _draftTokens, _acceptance, _profile })
            command.Add(option);
        _served.AddRunsTo(command);
    }

    /// <summary>Only what says which engine serves which model on what.</summary>
    public void AddDeploymentTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _model, _gpu, _tp, _pp, _ep, _dp, _expertSkew, _weights, _kv, _engine, _maxNumSeqs,
            _maxNumBatchedTokens, _numGpuBlocks, _blockSize, _gpuMemoryUtilization, _longPrefill,
            _noPrefixCaching, _kvTiers, _overlap, _redundant,
        })
        {
            command.Add(option);
        }
    }

    /// <summary>
    /// The deployment that was measured: model and accelerator must be named, a degree of parallelism that is
    /// left out is 1.
    /// </summary>
    public Deployment Measured(ParseResult parsed)
    {
        foreach (var option in new Option<string>[] { _model, _gpu })
        {
            if (parsed.GetResult(option) is not { Implicit: false })
                throw new BadInputException($"{option.Name} is missing; expected what was measured");
        }
        var deployment = Deployment(parsed).With();
        ParallelismChoice.Check(
            deployment.Model, deployment.Accelerator, deployment.TensorParallel, deployment.PipelineParallel,
            deployment.ExpertParallel, deployment.DataParallel);
        return deployment;
    }

    /// <summary>Whether this machine is meant, running a file under llama.cpp.</summary>
    public bool IsLlama(ParseResult parsed) => parsed.GetValue(_engine)!.Split('@')[0] == LlamaEngine.Name;

    /// <summary>The file that llama.cpp is to be timed with, and its limits.</summary>
    public Server.Configuration.LlamaConfig Computed(ParseResult parsed, LlamaServing llama)
    {
        var path = parsed.GetValue(_model)!;
        if (parsed.GetResult(_model) is not { Implicit: false } || !LlamaServing.IsFile(path))
            throw new BadInputException($"--engine {LlamaEngine.Name}: expected --model FILE.gguf");
        parsed.RefuseGiven($" with --engine {LlamaEngine.Name}: expected what the file and this machine say",
            _gpu, _tp, _pp, _ep, _dp, _weights, _kv, _gpuMemoryUtilization, _longPrefill, _numGpuBlocks);
        return llama.OfComputing(
            parsed, path, AtLeastOne(parsed, _maxNumSeqs), AtLeastOne(parsed, _maxNumBatchedTokens));
    }

    /// <summary>The one deployment that a machine's profile speaks of; limits may be lowered.</summary>
    DeploymentChoice Deployment(ParseResult parsed, MachineStepTimes machine)
    {
        parsed.RefuseGiven($" with --profile {machine.File}: expected what the profile says",
            _model, _gpu, _tp, _pp, _ep, _dp, _weights, _kv, _engine, _gpuMemoryUtilization, _blockSize,
            _draftTokens, _acceptance);
        var deployment = machine.DeploymentOf(usual => usual with
        {
            MaxNumSeqs = InRange(_maxNumSeqs, parsed.GetValue(_maxNumSeqs) ?? usual.MaxNumSeqs, 1, 1_000_000),
            MaxNumBatchedTokens = InRange(
                _maxNumBatchedTokens, parsed.GetValue(_maxNumBatchedTokens)
                ?? usual.MaxNumBatchedTokens, 1, 10_000_000),
            NumGpuBlocks = AtLeastOne(parsed, _numGpuBlocks) ?? usual.NumGpuBlocks,
            LongPrefillTokenThreshold = InRange(_longPrefill, parsed.GetValue(_longPrefill), 0, 10_000_000),
            EnablePrefixCaching = !parsed.GetValue(_noPrefixCaching),
        });
        return DeploymentChoice.Of(deployment) with { Profile = machine };
    }

    DeploymentChoice Deployment(ParseResult parsed)
    {
        var model = Catalogue.BuiltIn.FindModel(parsed.GetValue(_model)!);
        var accelerator = Catalogue.BuiltIn.FindAccelerator(parsed.GetValue(_gpu)!);
        return new DeploymentChoice
        {
            Model = model,
            Accelerator = accelerator,
            TensorParallel = Degree(parsed, _tp),
            PipelineParallel = Degree(parsed, _pp),
            ExpertParallel = Degree(parsed, _ep),
            DataParallel = Degree(parsed, _dp),
            ExpertSkew = Skew(parsed.GetValue(_expertSkew)),
            Weights = Weights(parsed, model),
            Kv = parsed.Chosen(_kv, NumberFormats.OfKv),
            Engine = Engine(parsed, accelerator),
        };
    }

    /// <summary>What is served, with every name looked up and every number checked.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="rateMatters">False where everything arrives at once.</param>
    /// <param name="hasBatch">Whether batch work is served beside the requests.</param>
    public Serving Resolve(ParseResult parsed, bool rateMatters = true, bool hasBatch = false)
    {
        var profile = parsed.GetValue(_profile) is { } file ? StepTimeProfiles.Read(file) : null;
        var deployment = profile is MachineStepTimes machine
            ? Deployment(parsed, machine)
            : Deployment(parsed) with { Profile = profile };
        var policy = parsed.Chosen(_policy, SchedulingPolicy.Simulated);
        var serving = _served.Resolve(parsed, deployment, policy, rateMatters);
        WorkloadOptions.CheckPolicy(serving.Levels, policy, hasBatch);
        return serving;
    }

    EngineSettings Engine(ParseResult parsed, AcceleratorSpec accelerator)
    {
        var (engine, version) = EngineCatalogue.Read(parsed.GetValue(_engine)!);
        var utilization = parsed.GetValue(_gpuMemoryUtilization);
        if (!(utilization > 0 && utilization <= 1))
        {
            throw new BadInputException(
                $"--gpu-memory-utilization {utilization}: expected above 0 and at most 1");
        }
        var usual = EngineCatalogue.ServerDefaults(accelerator, engine);
        return usual with
        {
            Engine = engine,
            EngineVersion = version,
            MaxNumSeqs = InRange(_maxNumSeqs, parsed.GetValue(_maxNumSeqs) ?? usual.MaxNumSeqs, 1, 1_000_000),
            MaxNumBatchedTokens = InRange(
                _maxNumBatchedTokens, parsed.GetValue(_maxNumBatchedTokens)
                ?? usual.MaxNumBatchedTokens, 1, 10_000_000),
            NumGpuBlocks = AtLeastOne(parsed, _numGpuBlocks),
            BlockSize = InRange(_blockSize, parsed.GetValue(_blockSize), 1, 4096),
            GpuMemoryUtilization = utilization,
            LongPrefillTokenThreshold = InRange(_longPrefill, parsed.GetValue(_longPrefill), 0, 10_000_000),
            EnablePrefixCaching = !parsed.GetValue(_noPrefixCaching),
            TwoBatchOverlap = parsed.GetValue(_overlap),
            RedundantExperts = InRange(_redundant, parsed.GetValue(_redundant), 0, 4096),
            KvTiers = KvTierChoice.Of(parsed.GetValue(_kvTiers)!, accelerator),
            Speculation = Speculation(parsed),
        };
    }

    static double Skew(double skew) => skew >= 0 && skew <= Core.Hardware.Deployment.MostExpertSkew
        ? skew
        : throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
            $"--expert-skew {skew}: expected 0 to {Core.Hardware.Deployment.MostExpertSkew}"));

    SpeculationSpec? Speculation(ParseResult parsed)
    {
        var drafts = AtLeastOne(parsed, _draftTokens);
        var length = parsed.GetValue(_acceptance);
        if (drafts is null && length is null)
            return null;
        if (drafts is not { } tokens || length is not { } accepted)
        {
            throw new BadInputException(
                "--num-speculative-tokens and --acceptance-length: expected both or neither; "
                + "how many drafts a model accepts depends on the task and is not guessed");
        }
        if (tokens > 32)
            throw new BadInputException($"--num-speculative-tokens {tokens}: expected 1 to 32");
        return accepted >= 1 && accepted <= tokens + 1
            ? new SpeculationSpec(tokens, accepted)
            : throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"--acceptance-length {accepted}: expected 1 to {tokens + 1} with {tokens} draft tokens"));
    }

    NumberFormat Weights(ParseResult parsed, ModelSpec model) =>
        parsed.GetValue(_weights) is null ? model.NativeWeights : parsed.Chosen(_weights, NumberFormats.All);

    /// <summary>A degree of parallelism; beyond the largest nobody has a system.</summary>
    static int? Degree(ParseResult parsed, Option<int?> option)
    {
        const int Most = 4096;
        return AtLeastOne(parsed, option) is > Most and var value
            ? throw new BadInputException($"{option.Name} {value}: expected 1 to {Most}")
            : parsed.GetValue(option);
    }

    static int? AtLeastOne(ParseResult parsed, Option<int?> option) =>
        parsed.GetValue(option) is not { } value ? null
        : value >= 1 ? value
        : throw new BadInputException($"{option.Name} {value}: expected a whole number of at least 1");

    static int InRange(Option option, int value, int least, int most) =>
        value >= least && value <= most
            ? value
            : throw new BadInputException($"{option.Name} {value}: expected {least} to {most}");
}
