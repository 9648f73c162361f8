using System;
using System.IO;
using System.Linq;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Registry;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class ScratchFolderTests
{
    [Fact]
    public void What_a_killed_process_left_goes_at_the_next_start_and_what_another_needs_stays()
    {
        using var folder = new TemporaryFolder();
        // As a killed process leaves it: the file beside it is there, and nobody holds it.
        folder.Write("work/draft-1/start/model.safetensors", "x");
        folder.Write("work/draft-1.lease", "");
        var run = folder.Write("work/0123/checkpoints/checkpoint-000000100.safetensors", "x");
        using (var living = new ScratchFolder(folder.Path, "parity"))
        {
            File.WriteAllText(living.In("prompts.jsonl"), "[1]");
            using (new TuneWorkspace(folder.Path, TimeProvider.System))
            {
                File.Exists(living.In("prompts.jsonl")).ShouldBeTrue();
                Directory.GetFileSystemEntries(folder.In("work")).Order().ShouldBe(
                    [folder.In("work/0123"), living.Path, living.Path + ".lease"]);
            }
        }
        Directory.GetFileSystemEntries(folder.In("work")).ShouldBe([folder.In("work/0123")]);
        File.Exists(run).ShouldBeTrue();
    }

    [Fact]
    public void A_blob_that_is_kept_leaves_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        using var workspace = new TuneWorkspace(folder.Path, TimeProvider.System);
        var blob = workspace.Registry.Blobs.Put("x"u8);
        workspace.Registry.Blobs.Put("x"u8).ShouldBe(blob);
        Directory.GetFileSystemEntries(folder.In("work")).ShouldBeEmpty();
        Directory.GetFiles(folder.In("sha256")).ShouldBeEmpty();
    }
}
