using CsCheck;
using Podvirt.Core.Replicas;

namespace Podvirt.Core.Tests.Replicas;

public sealed class ReplicaStatesTests
{
    private static readonly ModelStatus[] s_bestFirst =
        [ModelStatus.Active, ModelStatus.WarmingUp, ModelStatus.Sleeping, ModelStatus.Failed, ModelStatus.Cold];

    [Theory]
    [InlineData(ReplicaState.Placing, ModelStatus.WarmingUp)]
    [InlineData(ReplicaState.Starting, ModelStatus.WarmingUp)]
    [InlineData(ReplicaState.Warming, ModelStatus.WarmingUp)]
    [InlineData(ReplicaState.Active, ModelStatus.Active)]
    [InlineData(ReplicaState.Draining, ModelStatus.Active)]
    [InlineData(ReplicaState.FallingAsleep, ModelStatus.Sleeping)]
    [InlineData(ReplicaState.Sleeping, ModelStatus.Sleeping)]
    [InlineData(ReplicaState.Waking, ModelStatus.WarmingUp)]
    [InlineData(ReplicaState.Stopping, ModelStatus.Cold)]
    [InlineData(ReplicaState.Failed, ModelStatus.Failed)]
    public void OneReplica_ShowsItsState(ReplicaState state, ModelStatus expected)
    {
        Assert.Equal(expected, state.ToModelStatus());
        Assert.Equal(expected, ReplicaStates.Best([state]));
    }

    [Fact]
    public void EveryState_HasAStatus() => Assert.All(Enum.GetValues<ReplicaState>(), s => Assert.True(Enum.IsDefined(s.ToModelStatus())));

    [Fact]
    public void NoReplica_IsCold() => Assert.Equal(ModelStatus.Cold, ReplicaStates.Best([]));

    [Fact]
    public void SeveralReplicas_ShowTheBestInAnyOrder() =>
        Gen.Enum<ReplicaState>().Array[0, 6].Sample(states =>
        {
            var statuses = states.Select(ReplicaStates.ToModelStatus).ToHashSet();
            return ReplicaStates.Best(states) == s_bestFirst.FirstOrDefault(statuses.Contains, ModelStatus.Cold);
        }, iter: 5_000);

    [Theory]
    [InlineData(ModelStatus.Cold, "Cold")]
    [InlineData(ModelStatus.WarmingUp, "Warming Up")]
    [InlineData(ModelStatus.Active, "Active")]
    [InlineData(ModelStatus.Sleeping, "Sleeping")]
    [InlineData(ModelStatus.Failed, "Failed")]
    public void Status_HasOneWord(ModelStatus status, string expected) => Assert.Equal(expected, status.ToName());

    [Fact]
    public void UnknownValues_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ((ModelStatus)99).ToName());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((ReplicaState)99).ToModelStatus());
    }
}
