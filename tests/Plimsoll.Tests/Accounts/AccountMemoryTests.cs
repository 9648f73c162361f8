using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Accounts;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

/// <summary>The small account of <see cref="AccountLaws"/> with memory for two dozen requests.</summary>
public sealed class AccountMemoryTests
{
    [Fact]
    public void Memory_that_runs_out_is_a_bar_of_its_own_between_kernels_and_the_promise()
    {
        var asked = AccountLaws.Request(AccountLaws.WindowNs);
        var deployment = AccountLaws.Outcome.Engine.Deployment;
        var choice = DeploymentChoice.Of(
            deployment with { Engine = deployment.Engine with { NumGpuBlocks = 2000 } });
        var tight = Accountant.Account(asked with
        {
            Serving = asked.Serving with { Deployment = choice, Requests = 800 },
        });

        tight.Ceiling.ShouldBeLessThan(AccountLaws.Outcome.Ceiling);
        var batch = tight.Result!.Classes[1];
        var roomy = AccountLaws.Outcome.Result!.Classes[1];
        Bar(batch, "kernels").ShouldBe(Bar(roomy, "kernels"), 0.02 * Bar(roomy, "kernels"));
        Bar(batch, "memory").ShouldBeGreaterThan(Bar(batch, "kernels"));
        UpToMemory(batch).ShouldBe(
            UpToMemory(roomy) * AccountLaws.Outcome.Ceiling / tight.Ceiling, 0.02 * UpToMemory(batch));
    }

    static double UpToMemory(ClassAccount account) =>
        Bar(account, "floor") + Bar(account, "kernels") + Bar(account, "memory");

    static double Bar(ClassAccount account, string step) =>
        (double)account.Waterfall.Single(b => b.Step == step).UsdPerMillionTokens;
}
