using Podvirt.Core.Models;

namespace Podvirt.Core.Tests.Models;

public sealed class EngineKindsTests
{
    [Fact]
    public void EveryKind_ReadsBackFromItsName()
    {
        var kinds = Enum.GetValues<EngineKind>();
        Assert.Equal(EngineKinds.All, kinds.Select(k => k.ToName()));
        foreach (var kind in kinds)
        {
            Assert.True(EngineKinds.TryParse(kind.ToName(), out var parsed));
            Assert.Equal(kind, parsed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("VLLM")]
    [InlineData("vllm_omni")]
    [InlineData("simulator")]
    public void OtherSpelling_IsNoKind(string name) => Assert.False(EngineKinds.TryParse(name, out _));

    [Fact]
    public void UnknownKind_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => ((EngineKind)99).ToName());
}
