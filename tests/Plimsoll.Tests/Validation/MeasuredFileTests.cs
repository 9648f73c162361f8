using System;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Validation;
using Plimsoll.Planning.Validation.MlPerf;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class MeasuredFileTests : IDisposable
{
    readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    readonly DropTally _dropped = [];

    public void Dispose() => File.Delete(_file);

    string Written(params string[] lines)
    {
        File.WriteAllLines(_file, lines);
        return _file;
    }

    [Fact]
    public void A_load_sweep_is_replayed_at_its_rate_and_the_rest_is_counted_by_reason()
    {
        var runs = LoadSweepRuns.Read(Written(
            "config,engine,model,precision,hardware,gpus,io_shape,rps,ttft_p50_ms,tpot_p50_ms",
            "C1,vllm,meta-llama/Meta-Llama-3.1-8B-Instruct,float16,H100,1,512in/256out,10,49.4,10.2",
            "C2,vllm,meta-llama/Meta-Llama-3.1-8B-Instruct,fp8,H100,1,chat,10,49.4,10.2",
            "A1,vllm,meta-llama/Meta-Llama-3.1-8B-Instruct,float16,A100_80GB_PCIe,1,"
                + "512in/256out,10,49.4,10.2",
            "X1,vllm,nobody/Unheard-7B,float16,H100,1,512in/256out,10,49.4,10.2"), "H100", _dropped);
        var run = runs.ShouldHaveSingleItem();
        run.Medians.ShouldBeTrue();
        run.Measured.TpotMs.ShouldBe(10.2);
        var arrivals = run.Load.ShouldBeOfType<ReplayedLoad>().Arrivals;
        arrivals.ShouldAllBe(a => a.PromptTokens == 512 && a.OutputTokens == 256);
        (arrivals.Count / (arrivals[^1].AtNs / 1e9)).ShouldBe(10, 1.5);
        _dropped.Keys.ShouldBe(
        [
            "another card: A100_80GB_PCIe", "lengths not stated: chat",
            "model not in the catalogue: nobody/Unheard-7B",
        ]);
    }

    [Fact]
    public void What_was_served_how_is_kept_of_a_runs_meta_file()
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll");
        var run = Path.Combine(folder.FullName, "H100_run.requests.jsonl");
        File.WriteAllText(Path.Combine(folder.FullName, "H100_run.meta.json"), """
            { "model": "openai/gpt-oss-120b", "vllm_version": "0.19.0",
              "kv_cache": { "num_gpu_blocks": 12345, "block_size": 32 },
              "engine_kwargs": { "tensor_parallel_size": 2, "data_parallel_size": 4,
                                 "enable_expert_parallel": true, "max_num_seqs": 128 } }
            """);
        var facts = VllmRequestsFile.FactsBeside(run);
        folder.Delete(recursive: true);

        var deployment = MeasuredRun.DeploymentOf(facts, run, "H100_run");
        (deployment.TensorParallel, deployment.DataParallel, deployment.ExpertParallel).ShouldBe((2, 4, 8));
        deployment.Engine.EngineVersion.ShouldBe("0.19.0");
        (deployment.Engine.NumGpuBlocks, deployment.Engine.BlockSize).ShouldBe((12345, 32));
        deployment.Engine.MaxNumSeqs.ShouldBe(128);
        Should.Throw<BadInputException>(() => facts.Check(run, deployment with { ExpertParallel = 1 }))
            .Message.ShouldContain("enable_expert_parallel");
    }

    [Fact]
    public void A_batch_is_a_closed_loop_and_what_weaker_cards_outrun_is_left_out()
    {
        const string Header =
            "model,task,precision,gpu,num_gpus,ep,dp,max_num_seqs,avg_batch,avg_output_len,itl_p50_ms";
        var runs = BatchLatencyRuns.Read(Written(
            Header,
            "Qwen/Qwen3-8B,gpqa,bfloat16,H100,1,1,1,8,7.98,7000,9.7",
            "Qwen/Qwen3-8B,gpqa,bfloat16,B200,1,1,1,8,8,7000,32.5",
            "Qwen/Qwen3-235B-A22B-Instruct-2507,lm-arena-chat,bfloat16,H100,8,8,1,16,15.97,865,25.3",
            "google/gemma-3-12b-it,image-chat,bfloat16,H100,1,1,1,8,8,500,12.8"), _dropped);
        runs.Count.ShouldBe(2);
        runs[0].Load.ShouldBeOfType<ClosedLoad>().Concurrency.ShouldBe(8);
        (runs[1].Deployment.TensorParallel, runs[1].Deployment.ExpertParallel).ShouldBe((8, 8));
        _dropped.Values.Sum().ShouldBe(2);
    }

    [Fact]
    public void An_mlperf_result_is_per_accelerator_and_only_closed_valid_ones_count()
    {
        const string Header =
            "round,division,submitter,platform,model,scenario,accelerator,accelerators,weight_dtype,software,"
            + "valid,tokens_per_s,official_result,ttft_limit_ms,tpot_limit_ms,ttft_p99_ms,tpot_p99_ms";
        var runs = MlPerfRuns.Read(Written(
            Header,
            "v5.1,closed,A,P,llama2-70b-99,Interactive,NVIDIA B200-SXM-180GB,8,fp4,TensorRT "
            + "10.11,VALID,8000,,450,40,100,39",
            "v5.1,closed,B,P,llama2-70b-99,Interactive,NVIDIA B200-SXM-180GB,8,fp4,TensorRT "
            + "10.11,VALID,8000,,450,40,100,20",
            "v4.1,closed,A,P,llama2-70b-99,Offline,NVIDIA H100-SXM-80GB,4,,TensorRT 9.3,VALID,,4000,,,,",
            "v5.1,open,A,P,llama2-70b-99,Offline,NVIDIA B200-SXM-180GB,8,fp4,TensorRT,VALID,8000,,,,,",
            "v5.1,closed,A,P,llama2-70b-99,Offline,NVIDIA B200-SXM-180GB,8,fp4,TensorRT,INVALID,8000,,,,,",
            "v4.1,closed,A,X_MaxQ,llama2-70b-99,Offline,NVIDIA H200-SXM-141GB,8,,TensorRT,VALID,8000,,,,,"),
        _dropped);
        runs.Select(r => r.TokensPerSecond).ShouldBe([1000, 1000]);
        runs[0].Case.TtftLimitMs.ShouldBe(450);
        runs[1].Case.Weights.ShouldBe(NumberFormat.Fp8);
        _dropped.Values.Sum().ShouldBe(4);
    }

    [Theory]
    [InlineData(294, 1024)]
    [InlineData(9400, 20_000)]
    [InlineData(15_000, 20_000)]
    [InlineData(128, 128)]
    public void Assumed_lengths_have_the_stated_mean(double mean, double most)
    {
        var lengths = MlPerfBenchmark.Exponential(mean, most);
        lengths.Mean.ShouldBe(mean, 0.01 * mean);
        lengths.Quantile(1).ShouldBe(most, 1e-6 * most);
        lengths.Check("assumed lengths");
    }
}
