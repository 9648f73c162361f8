using System.Collections.Generic;
using System.CommandLine;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Catalogues;
using Plimsoll.Planning.Workloads;
using Plimsoll.Planning.Workloads.Traces;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// What is served on what: the options that every serving verb shares, named as vLLM names them. What was measured
/// (<c>calibrate</c>) takes those of the deployment alone.
/// </summary>
sealed class ServingOptions
{
    readonly Option<string> _model = new("--model")
    {
        Description = "Model of the catalogue, or a Hugging Face config.json",
        DefaultValueFactory = _ => "Llama-3.3-70B",
    };

    readonly Option<string> _gpu = new("--gpu")
    {
        Description = "Accelerator of the catalogue",
        DefaultValueFactory = _ => "h100_sxm",
    };

    readonly Option<int?> _tp = new("--tp") { Description = "Tensor parallel degree [default: the cheapest that fits]" };
    readonly Option<int?> _pp = new("--pp") { Description = "Pipeline stages [default: 1, more only if nothing else fits]" };
    readonly Option<int?> _ep = new("--ep") { Description = "Expert parallel degree: 1, or --tp × --dp [default: 1]" };
    readonly Option<int?> _dp = new("--dp") { Description = "Data parallel ranks of one replica [default: 1]" };

    readonly Option<string?> _weights = new("--weights")
    {
        Description = "Weight format: bf16, fp8, int8, fp4, int4 [default: as published]",
    };

    readonly Option<string> _kv = new("--kv")
    {
        Description = "KV cache format: bf16 or fp8",
        DefaultValueFactory = _ => "bf16",
    };

    readonly Option<string> _workload = new("--workload")
    {
        Description = "Workload family (chat, code-completion, …; chat:envelope=office,tenants=4) or a trace file",
        DefaultValueFactory = _ => "chat",
    };

    readonly Option<double?> _rate = new("--rate")
    {
        Description = "Mean demand, requests per second [default: the workload's own]",
    };

    readonly Option<string[]> _promise = new("--promise")
    {
        Description = "A limit such as \"ttft p95 500ms\"; repeatable [default: ttft p95 500ms, tpot p95 50ms]",
    };

    readonly Option<string> _engine = new("--engine")
    {
        Description = "Whose kernels and host overhead: vllm, trtllm, sglang, or a release of it: vllm@0.15.1",
        DefaultValueFactory = _ => "vllm",
    };

    readonly Option<string> _policy = new("--policy")
    {
        Description = "Scheduling policy: vllm-v1 or vllm-v1-priority",
        DefaultValueFactory = _ => SchedulingPolicy.VllmV1.Name,
    };

    readonly Option<int> _maxNumSeqs = new("--max-num-seqs")
    {
        Description = "Most sequences running at once in an engine rank",
        DefaultValueFactory = _ => new EngineSettings().MaxNumSeqs,
    };

    readonly Option<int> _maxNumBatchedTokens = new("--max-num-batched-tokens")
    {
        Description = "Most new tokens in one step",
        DefaultValueFactory = _ => new EngineSettings().MaxNumBatchedTokens,
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

    readonly Option<string?> _profile = new("--profile")
    {
        Description = "Step times as `plimsoll calibrate` fitted them to an engine of this deployment",
    };

    readonly Option<long?> _requests = new("--requests")
    {
        Description = "Requests of each simulated run [default: 20000; of a trace, the trace once]",
    };

    readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of all random draws",
        DefaultValueFactory = _ => 1,
    };

    public void AddTo(Command command)
    {
        AddDeploymentTo(command);
        foreach (var option in new Option[] { _workload, _rate, _promise, _policy, _profile, _requests, _seed })
            command.Add(option);
    }

    /// <summary>Only what says which engine serves which model on what.</summary>
    public void AddDeploymentTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _model, _gpu, _tp, _pp, _ep, _dp, _weights, _kv, _engine, _maxNumSeqs, _maxNumBatchedTokens,
            _numGpuBlocks, _blockSize, _gpuMemoryUtilization, _longPrefill, _noPrefixCaching,
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
        var model = Catalogue.BuiltIn.FindModel(parsed.GetValue(_model)!);
        var accelerator = Catalogue.BuiltIn.FindAccelerator(parsed.GetValue(_gpu)!);
        var (tensor, pipeline) = (AtLeastOne(parsed, _tp) ?? 1, AtLeastOne(parsed, _pp) ?? 1);
        var (expert, data) = (AtLeastOne(parsed, _ep) ?? 1, AtLeastOne(parsed, _dp) ?? 1);
        ParallelismChoice.Check(model, accelerator, tensor, pipeline, expert, data);
        return new Deployment
        {
            Model = model,
            Accelerator = accelerator,
            TensorParallel = tensor,
            PipelineParallel = pipeline,
            ExpertParallel = expert,
            DataParallel = data,
            Weights = Format(parsed.GetValue(_weights), "--weights") ?? model.NativeWeights,
            Kv = Format(parsed.GetValue(_kv), "--kv")!.Value,
            Engine = Engine(parsed),
        };
    }

    /// <summary>The request with every name looked up and every number checked.</summary>
    public AccountRequest Resolve(ParseResult parsed, string? price, long batchWindowNs, int spareReplicas)
    {
        var catalogue = Catalogue.BuiltIn;
        var model = catalogue.FindModel(parsed.GetValue(_model)!);
        var accelerator = catalogue.FindAccelerator(parsed.GetValue(_gpu)!);
        var workload = WorkloadChoice.Open(parsed.GetValue(_workload)!);
        var rate = parsed.GetValue(_rate);
        if (rate is { } given && !(given > 0 && given < 1e9))
            throw new BadInputException($"--rate {given}: expected requests per second above 0");
        return new AccountRequest
        {
            Model = model,
            Accelerator = accelerator,
            TensorParallel = AtLeastOne(parsed, _tp),
            PipelineParallel = AtLeastOne(parsed, _pp),
            ExpertParallel = AtLeastOne(parsed, _ep),
            DataParallel = AtLeastOne(parsed, _dp),
            Weights = Format(parsed.GetValue(_weights), "--weights") ?? model.NativeWeights,
            Kv = Format(parsed.GetValue(_kv), "--kv")!.Value,
            Engine = Engine(parsed),
            Policy = SchedulingPolicy.Find(parsed.GetValue(_policy)!) ?? throw new BadInputException(
                $"--policy {parsed.GetValue(_policy)}: expected vllm-v1 or vllm-v1-priority"),
            Workload = workload,
            RequestsPerSecond = rate ?? workload.RequestsPerSecond,
            Promise = Promise(parsed.GetValue(_promise) ?? []),
            BatchWindowNs = batchWindowNs,
            Price = catalogue.FindPrice(accelerator, price),
            Requests = Requests(parsed, workload),
            Seed = parsed.GetValue(_seed),
            SpareReplicas = spareReplicas,
            Profile = parsed.GetValue(_profile) is { } file ? FittedStepTimes.Read(file) : null,
        };
    }

    EngineSettings Engine(ParseResult parsed)
    {
        var (engine, version) = EngineName(parsed.GetValue(_engine)!);
        var utilization = parsed.GetValue(_gpuMemoryUtilization);
        if (!(utilization > 0 && utilization <= 1))
            throw new BadInputException($"--gpu-memory-utilization {utilization}: expected above 0 and at most 1");
        return new EngineSettings
        {
            Engine = engine,
            EngineVersion = version,
            MaxNumSeqs = InRange(parsed, _maxNumSeqs, 1, 1_000_000),
            MaxNumBatchedTokens = InRange(parsed, _maxNumBatchedTokens, 1, 10_000_000),
            NumGpuBlocks = AtLeastOne(parsed, _numGpuBlocks),
            BlockSize = InRange(parsed, _blockSize, 1, 4096),
            GpuMemoryUtilization = utilization,
            LongPrefillTokenThreshold = InRange(parsed, _longPrefill, 0, 10_000_000),
            EnablePrefixCaching = !parsed.GetValue(_noPrefixCaching),
        };
    }

    static (string Name, string? Version) EngineName(string text)
    {
        var at = text.IndexOf('@');
        var (name, version) = at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
        return name is "vllm" or "trtllm" or "sglang" && version is null or [>= '0' and <= '9', ..]
            ? (name, version)
            : throw new BadInputException(
                $"--engine {text}: expected vllm, trtllm or sglang, with or without a release as in vllm@0.15.1");
    }

    static IReadOnlyList<Limit> Promise(string[] texts)
    {
        var limits = new List<Limit>();
        foreach (var text in texts.Length > 0 ? texts : ["ttft p95 500ms", "tpot p95 50ms"])
            limits.Add(PromiseText.Parse(text));
        return limits;
    }

    static NumberFormat? Format(string? text, string option)
    {
        if (text is null)
            return null;
        return NumberFormats.TryParse(text, out var format) && (option != "--kv" || format is NumberFormat.Bf16 or NumberFormat.Fp8)
            ? format
            : throw new BadInputException(option == "--kv"
                ? $"--kv {text}: expected bf16 or fp8"
                : $"{option} {text}: expected bf16, fp8, int8, fp4 or int4");
    }

    static int? AtLeastOne(ParseResult parsed, Option<int?> option) =>
        parsed.GetValue(option) is not { } value ? null
        : value >= 1 ? value
        : throw new BadInputException($"{option.Name} {value}: expected a whole number of at least 1");

    static int InRange(ParseResult parsed, Option<int> option, int least, int most)
    {
        var value = parsed.GetValue(option);
        return value >= least && value <= most
            ? value
            : throw new BadInputException($"{option.Name} {value}: expected {least} to {most}");
    }

    long Requests(ParseResult parsed, Workload workload)
    {
        const long Fewest = 200, Usual = 20_000;
        return parsed.GetValue(_requests) switch
        {
            null => workload is TraceWorkload { Trace.Count: >= 1000 and var count } ? count : Usual,
            >= Fewest and <= 1_000_000_000 and var given => given,
            var other => throw new BadInputException($"--requests {other}: expected {Fewest} to 1000000000"),
        };
    }
}
