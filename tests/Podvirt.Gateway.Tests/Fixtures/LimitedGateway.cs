using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Projects;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Admission.Quotas;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>One of several gateways, as far as limits go. Nothing runs by itself: a test says when the keeper works.</summary>
internal sealed class LimitedGateway : IDisposable
{
    /// <summary>Of each request, as reserved: its prompt, and its answer at most.</summary>
    public const int Estimate = 1 + 99;

    private readonly OneStore _shared;
    private readonly RouteDirectory _routes;
    private readonly AdmissionControl _admission;

    public LimitedGateway(OneStore shared, IStateStore? store = null, FakeBooks? books = null)
    {
        _shared = shared;
        var options = new GatewayOptions { HasPeers = true, ReservedCompletionMax = Estimate - 1 };
        var rates = new RateBoard(shared.Clock);
        rates.Set("m", [new Rate("m", 1, DateTimeOffset.UnixEpoch, 1, 1, 1)]);
        _routes = shared.NewRoutes(options);
        Membership = new Membership(shared.Leases, new CutOffBus(shared.Clock), _routes, shared.Clock, NullLogger<Membership>.Instance);
        Accounts = new Accounts(rates, shared.Clock, options);
        _admission = new AdmissionControl(Accounts, options);
        Keeper = new QuotaKeeper(Accounts, store ?? shared.Store, books ?? new FakeBooks(), Membership, shared.Clock, NullLogger<QuotaKeeper>.Instance);
        Membership.RenewAsync(CancellationToken.None).GetAwaiter().GetResult();
        Key = Accounts.ProjectOf("p").KeyOf("k");
    }

    public Membership Membership { get; }

    public Accounts Accounts { get; }

    public QuotaKeeper Keeper { get; }

    public KeyAccount Key { get; }

    public HttpContext LastHttp { get; private set; } = new DefaultHttpContext();

    public void Limit(long? tokensPerMonth = null, int? requestsPerMinute = null, int? tokensPerMinute = null, long? budgetPico = null)
    {
        Key.Project.Set(
            new Plan { Id = "plan", TokensPerMonth = new ModelLimits(tokensPerMonth, ModelLimits.None.Models), TokensPerMinute = tokensPerMinute },
            isArchived: false, Accounts.Now);
        Key.Set(
            GatewayHost.NewKey("k", "s", "p") with { RequestsPerMinute = requestsPerMinute, MonthlyBudget = budgetPico / 1_000_000_000_000m }, Accounts.Now);
    }

    public ApiError? Admit(out Reservation? reservation)
    {
        LastHttp = new DefaultHttpContext();
        Assert.Null(RequestPeeker.Peek("""{"model":"m","messages":[{"role":"user","content":""}]}"""u8, RequestSurface.ChatCompletions, out var request));
        return _admission.Admit(LastHttp.Response, Key, "m", request, 0, Surface.ChatCompletions, out reservation);
    }

    /// <summary>As a request does: where a chunk is out it waits for the next, and tries again.</summary>
    public async Task<(Reservation? Reservation, ApiError? Error)> TryAsync()
    {
        var error = Admit(out var reservation);
        for (var i = 0; i < ChunkWait.TriesMax && error?.Refill is not null; i++)
        {
            await Keeper.WorkAsync(CancellationToken.None);
            await error.Refill.Within();
            error = Admit(out reservation);
        }
        return (reservation, error);
    }

    /// <summary>The same, where nothing may be in its way.</summary>
    public async Task<Reservation> AdmittedAsync()
    {
        var (reservation, error) = await TryAsync();
        Assert.Null(error);
        return reservation!;
    }

    /// <summary>Its record is durable.</summary>
    public void Settle(Reservation reservation, long tokens)
    {
        lock (Key.Project.Gate)
        {
            reservation.ReleaseUnsynchronized(tokens, Accounts.Now);
            Key.Project.TokensOf("m").Use(Accounts.Month, tokens);
            Key.Budget.Use(Accounts.Month, tokens);
        }
    }

    /// <summary>What it does by itself once a second.</summary>
    public async Task TickAsync()
    {
        await Membership.RenewAsync(CancellationToken.None);
        Keeper.Look();
        await Keeper.WorkAsync(CancellationToken.None);
    }

    public void Dispose()
    {
        Keeper.Dispose();
        Membership.Dispose();
        _routes.Dispose();
    }
}
