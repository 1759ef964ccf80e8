using Podvirt.Core.Models;

namespace Podvirt.Core.Tests.Models;

public sealed class CatalogTests
{
    private static readonly Catalog s_catalog = new(3, [NewModel("a"), NewModel("vendor/a"), NewModel("vendor/b") with { Revision = 2 }]);

    [Fact]
    public void Find_GivesTheModelOfThatId() => Assert.Equal(2, s_catalog.Find("vendor/b")?.Revision);

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("vendor/c")]
    [InlineData("vendor/")]
    public void Find_OfAnotherId_GivesNothing(string id)
    {
        Assert.Null(s_catalog.Find(id));
        Assert.Null(Catalog.Empty.Find(id));
    }

    [Fact]
    public void ServedAs_IsTheIdUnlessTheEngineHasAnotherName()
    {
        var model = NewModel("vendor/a");
        Assert.Equal("vendor/a", model.ServedAs);
        Assert.Equal("other", (model with { Engine = model.Engine with { ServedAs = "other" } }).ServedAs);
    }

    private static ModelSpec NewModel(string id) => new()
    {
        Id = id,
        Name = id,
        Type = ModelType.Chat,
        Engine = new EngineSpec { Kind = EngineKind.Simulated },
    };
}
