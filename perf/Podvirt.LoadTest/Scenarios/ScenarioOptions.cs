using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <param name="Quick">Fewer and shorter rounds, to try something out.</param>
/// <param name="Proxies">Which take part where proxies are compared.</param>
internal sealed record ScenarioOptions(bool Quick, IReadOnlyList<string> Proxies)
{
    public static readonly IReadOnlyList<string> AllProxies = [Proxy.Direct, Proxy.Haproxy, Proxy.Nginx, Proxy.Yarp, Proxy.Podvirt];

    public int Pick(int whole, int quick) => Quick ? quick : whole;
}
