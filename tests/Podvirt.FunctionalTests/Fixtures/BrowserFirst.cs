using Podvirt.FunctionalTests.Browser;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Podvirt.FunctionalTests.Fixtures.BrowserFirst))]

namespace Podvirt.FunctionalTests.Fixtures;

/// <summary>The browser's tests share one browser and follow each other: begun first, all others run beside them.</summary>
public sealed class BrowserFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(static c => c.TestCollectionDisplayName == nameof(Chromium))];
}
