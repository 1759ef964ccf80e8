namespace Podvirt.Metering.Tests.Rating;

[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseReraterTests(ClickHouseFixture clickHouse) : ReraterContract
{
    private protected override LedgerRooms Open() => LedgerRooms.ClickHouse(clickHouse.NewDatabase());
}
