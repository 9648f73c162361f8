using Plimsoll.Planning.Validation.MlPerf;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class MlPerfSoftwareTests
{
    [Theory]
    [InlineData("v4.1", "vLLM 0.4.3+rocm614, PyTorch 2.3.0, ROCm 6.1.2", "vllm", "0.4.3")]
    [InlineData("v5.1", "Mango LLMBoost AI Enterprise Platform, vllm-0.9.0.2.dev108+g71", "vllm", "0.9.0")]
    [InlineData("v5.1", "vLLM v0.9.1", "vllm", "0.9.1")]
    [InlineData("v5.1", "PyTorch 2.8.0a0+git74091a9, aiter 0.1.4.dev17+gd0384d4f", "vllm", "0.10")]
    [InlineData("v4.1", "PyTorch", "vllm", "0.5")]
    [InlineData("v4.1", "TensorRT 10.2.0, CUDA 12.4", "trtllm", "0.11")]
    [InlineData("v5.1", "TensorRT 10.11, CUDA 12.9", "trtllm", "1.0")]
    public void A_result_has_the_release_that_its_software_states_or_could_have_had(
        string round, string software, string engine, string release) =>
        MlPerfSoftware.Of(round, software).ShouldBe(new MlPerfSoftware(engine, release));
}
