using System.Runtime.CompilerServices;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class ReplicaTransitionsTests
{
    [Fact]
    public void ThePage_ShowsTheTable()
    {
        var page = File.ReadAllLines(Path.Combine(Root(), "docs", "replica-states.md"))
            .Select(line => line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == 4 && Enum.TryParse<ReplicaState>(cells[0], out _))
            .Select(cells => $"{cells[0]} {cells[1]} {cells[2]}");
        var code = ReplicaTransitions.Table.Select(row => $"{row.Key.State} {row.Key.Trigger} {row.Value?.ToString() ?? "gone"}");

        Assert.Equal(code, page);
    }

    [Fact]
    public void EveryState_CanBeLeft_AndEveryTriggerIsUsed()
    {
        Assert.Equal(Enum.GetValues<ReplicaState>().ToHashSet(), ReplicaTransitions.Table.Keys.Select(key => key.State).ToHashSet());
        Assert.Equal(Enum.GetValues<ReplicaTrigger>().ToHashSet(), ReplicaTransitions.Table.Keys.Select(key => key.Trigger).ToHashSet());
    }

    private static string Root([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
