using System;
using System.Diagnostics;
using System.IO;
using Plimsoll.Server.Batches;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

/// <summary>Whose lease may be taken at once.</summary>
public sealed class ProcessNameTests
{
    [Fact]
    public void Who_is_there_is_not_gone_and_who_cannot_be_known_is_not_said_to_be()
    {
        var own = ProcessName.Own();
        ProcessName.IsGone(own).ShouldBeFalse();
        ProcessName.Own().ShouldNotBe(own, "two servers in one process are two owners");
        ProcessName.IsGone(Guid.NewGuid().ToString("N")).ShouldBeFalse();
        ProcessName.IsGone("").ShouldBeFalse();
        ProcessName.IsGone("another-boot/pid:[1]/999999999/1/x").ShouldBeFalse();
    }

    [Fact]
    public void A_process_that_was_killed_is_gone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere nobody can tell");
        using var child = Process.Start("sleep", "60");
        var parts = ProcessName.Own().Split('/');
        var started = File.ReadAllText($"/proc/{child.Id}/stat").Split(") ")[^1].Split(' ')[19];
        var name = $"{parts[0]}/{parts[1]}/{child.Id}/{started}/x";
        ProcessName.IsGone(name).ShouldBeFalse();
        var earlier = $"{parts[0]}/{parts[1]}/{child.Id}/1/x";
        ProcessName.IsGone(earlier).ShouldBeTrue("its number was given again");
        child.Kill();
        child.WaitForExit();
        ProcessName.IsGone(name).ShouldBeTrue();
    }
}
