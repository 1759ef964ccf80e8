using Podvirt.Core.Models;

namespace Podvirt.Core.Tests.Models;

public sealed class ModelTypesTests
{
    [Fact]
    public void EveryType_ReadsBackFromItsName()
    {
        var types = Enum.GetValues<ModelType>();
        Assert.Equal(ModelTypes.All, types.Select(t => t.ToName()));
        foreach (var type in types)
        {
            Assert.True(ModelTypes.TryParse(type.ToName(), out var parsed));
            Assert.Equal(type, parsed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Chat")]
    [InlineData("chat ")]
    [InlineData("video")]
    public void OtherSpelling_IsNoType(string name) => Assert.False(ModelTypes.TryParse(name, out _));

    [Fact]
    public void UnknownType_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => ((ModelType)99).ToName());
}
