using BenchmarkDotNet.Attributes;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Benchmarks;

/// <summary>
/// One prediction: below 15 ns for decode-only steps, below 100 ns for mixed ones, no allocation.
/// </summary>
[MemoryDiagnoser]
public class StepTimeBenchmarks
{
    readonly Deployment _deployment = new()
    {
        Model = Catalogue.BuiltIn.FindModel("Llama-3.1-70B"),
        Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
        TensorParallel = 4,
        Weights = NumberFormat.Fp8,
    };

    readonly StepShape _mixed = new()
    {
        Decodes = 96,
        DecodeContextTokens = 96 * 1400,
        PrefillChunks = 3,
        PrefillTokens = 1952,
        PrefillPairs = 3_000_000,
        PrefillContextTokens = 6000,
        LogitRows = 98,
    };

    StepTimeModel _model = null!;
    EfficiencyCurves _curves = null!;
    long _context;

    [GlobalSetup]
    public void Setup()
    {
        _curves = StepTimeCatalogue.For(_deployment.Accelerator, "vllm");
        _model = StepTimeCatalogue.ModelOf(_deployment, curves: _curves);
    }

    [Benchmark]
    public long DecodeOnly()
    {
        _context = (_context + 96) & 0xF_FFFF;
        return _model.PredictNs(
            new StepShape { Decodes = 96, DecodeContextTokens = 100_000 + _context, LogitRows = 96 });
    }

    [Benchmark]
    public long Mixed() => _model.PredictNs(_mixed);

    [Benchmark]
    public StepSplit SplitMixed() => _model.Split(_mixed);

    [Benchmark]
    public StepTimeModel Construct() => StepTimeCatalogue.ModelOf(_deployment, curves: _curves);
}
