//! Shares a client's bandwidth out among the videos it watches. Pure.
//!
//! First everybody's smallest picture, in order of importance, then better ones for the important,
//! then for the rest. A video that does not even get its smallest picture is paused. Sound is not
//! in here: it is sent before any video and never held back.

use crate::bitrate::Bitrate;
use crate::limits::{MAX_LAYERS, MAX_TEMPORAL_LAYERS};
use crate::track_parts::{Layer, Temporal};

/// Something better is given only when the bandwidth is this many times what it takes, or people
/// would see it come and go.
const MARGIN: f64 = 1.15;

/// The part of a track that is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allotment {
    Paused,
    /// At most this simulcast layer, and of it these temporal layers.
    UpTo {
        layer: Layer,
        temporal: Temporal,
    },
}

impl Allotment {
    pub const EVERYTHING: Self = Self::UpTo { layer: Layer::HIGHEST, temporal: Temporal::HIGHEST };
}

/// The importance of a video to the client that watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// A screen, or what the client gave a priority.
    First,
    /// A video that is shown large, or whose owner speaks.
    Second,
    Third,
}

/// One video a client wants.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub importance: Importance,
    /// Larger is more important, among equals.
    pub priority: u32,
    /// Smaller is earlier, among equals.
    pub order: u64,
    /// The bitrate of each layer with its temporal layers up to each; zero: the layer does not
    /// flow.
    pub costs: [[Bitrate; MAX_TEMPORAL_LAYERS]; MAX_LAYERS],
    /// The highest layer that is wanted.
    pub max_layer: Layer,
    /// The highest temporal layer that is wanted.
    pub max_temporal: Temporal,
    /// The decision of the last time.
    pub now: Allotment,
}

/// A step of a wish: an allotment and what it takes.
type Step = (Allotment, Bitrate);

/// The steps of a wish, least first: the smallest layer with a higher and higher frame rate, then
/// larger layers.
fn steps(wish: &Wish) -> Vec<Step> {
    let flows = |layer: &Layer| wish.costs[layer.index()][Temporal::HIGHEST.index()] > Bitrate::ZERO;
    let mut layers: Vec<Layer> = Layer::all().filter(|layer| *layer <= wish.max_layer).filter(flows).collect();
    // A video that has no layer of the size asked for is forwarded in the next larger one.
    if layers.is_empty() {
        layers.extend(Layer::all().find(flows));
    }
    let mut steps: Vec<Step> = Vec::with_capacity(MAX_LAYERS + MAX_TEMPORAL_LAYERS);
    for (place, layer) in layers.into_iter().enumerate() {
        // The smallest pictures may come in part; larger ones come with all that is wanted of them.
        let skipped = if place == 0 { 0 } else { wish.max_temporal.index() };
        for temporal in wish.max_temporal.up_to().skip(skipped) {
            let cost = wish.costs[layer.index()][temporal.index()];
            // A layer without temporal ones costs the same whatever is asked of it.
            while steps.last().is_some_and(|(_, before)| cost <= *before) {
                steps.pop();
            }
            steps.push((Allotment::UpTo { layer, temporal }, cost));
        }
    }
    steps
}

/// The decision about all wishes of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// In the order of the wishes.
    pub allotments: Vec<Allotment>,
    /// The bitrate of everything as wished.
    pub whole: Bitrate,
    /// The bitrate with the next better step, margin included; `None` when every wish is met.
    pub next: Option<Bitrate>,
}

/// Share `limit` out among `wishes`.
pub fn allocate(wishes: &[Wish], limit: Bitrate) -> Allocation {
    let ladders: Vec<Vec<Step>> = wishes.iter().map(steps).collect();
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|i| (wishes[*i].importance, std::cmp::Reverse(wishes[*i].priority), wishes[*i].order));
    let generous = share(&ladders, &order, wishes, limit);
    let careful = share(&ladders, &order, wishes, limit / MARGIN);
    // Down when it must be, up only when there is room to spare.
    let mut chosen: Vec<usize> = Vec::with_capacity(wishes.len());
    for (i, wish) in wishes.iter().enumerate() {
        let held = held(&ladders[i], wish.now);
        chosen.push(held.clamp(careful[i].min(generous[i]), generous[i].max(careful[i])));
    }
    if taken(&ladders, &chosen) > limit {
        chosen = generous;
    }
    let used = taken(&ladders, &chosen);
    let next = order
        .iter()
        .filter(|i| chosen[**i] < ladders[**i].len())
        .map(|i| used + (ladders[*i][chosen[*i]].1 - cost(&ladders[*i], chosen[*i])))
        .min_by(Bitrate::total_cmp)
        .map(|next| next * MARGIN);
    Allocation {
        allotments: chosen.iter().enumerate().map(|(i, c)| given(&ladders[i], *c)).collect(),
        whole: ladders.iter().filter_map(|l| l.last()).map(|(_, cost)| *cost).sum(),
        next,
    }
}

/// Steps of each ladder that are given: 0 is none.
fn share(ladders: &[Vec<Step>], order: &[usize], wishes: &[Wish], limit: Bitrate) -> Vec<usize> {
    let mut given = vec![0; ladders.len()];
    let mut left = limit;
    let mut raise = |i: usize, given: &mut Vec<usize>| {
        let ladder: &Vec<Step> = &ladders[i];
        let Some((_, next)) = ladder.get(given[i]) else {
            return false;
        };
        let more = *next - cost(ladder, given[i]);
        if more > left {
            return false;
        }
        left = left - more;
        given[i] += 1;
        true
    };
    for i in order {
        raise(*i, &mut given);
    }
    for importance in [Importance::First, Importance::Second, Importance::Third] {
        let class: Vec<usize> = order.iter().copied().filter(|i| wishes[*i].importance == importance).collect();
        loop {
            let mut raised = false;
            for i in &class {
                // A wish without a step had no room for its first one.
                raised |= given[*i] > 0 && raise(*i, &mut given);
            }
            if !raised {
                break;
            }
        }
    }
    given
}

fn cost(ladder: &[Step], given: usize) -> Bitrate {
    given.checked_sub(1).map_or(Bitrate::ZERO, |at| ladder[at].1)
}

fn taken(ladders: &[Vec<Step>], given: &[usize]) -> Bitrate {
    ladders.iter().zip(given).map(|(ladder, given)| cost(ladder, *given)).sum()
}

fn given(ladder: &[Step], given: usize) -> Allotment {
    match given.checked_sub(1) {
        Some(at) => ladder[at].0,
        // Nothing flows: there is nothing to pause either.
        None if ladder.is_empty() => Allotment::EVERYTHING,
        None => Allotment::Paused,
    }
}

/// The steps of this ladder that an allotment covers.
fn held(ladder: &[Step], now: Allotment) -> usize {
    ladder.iter().take_while(|(step, _)| *step <= now).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: Allotment = Allotment::EVERYTHING;

    fn up_to(layer: u8, temporal: u8) -> Allotment {
        Allotment::UpTo { layer: Layer::new(layer), temporal: Temporal::new(temporal) }
    }

    /// A camera in three sizes, 150, 500 and 1700 kbit/s, half of it in the lowest temporal layer.
    fn camera(order: u64) -> Wish {
        let layer = |kbps: f64| [500.0, 750.0, 1000.0].map(|share| Bitrate::from_bps(kbps * share));
        Wish {
            importance: Importance::Third,
            priority: 0,
            order,
            costs: [layer(150.0), layer(500.0), layer(1700.0)],
            max_layer: Layer::HIGHEST,
            max_temporal: Temporal::HIGHEST,
            now: Allotment::EVERYTHING,
        }
    }

    fn kbps(wishes: &[Wish], limit: f64) -> Vec<Allotment> {
        allocate(wishes, Bitrate::from_bps(limit * 1000.0)).allotments
    }

    #[test]
    fn a_step_up_never_costs_less() {
        let mut wish = camera(0);
        wish.costs[1] = [60, 80, 100].map(Bitrate::from_kbps);
        let steps = steps(&wish);
        assert!(steps.is_sorted_by(|(_, a), (_, b)| a < b), "{steps:?}");
        assert_eq!(steps.last().map(|(step, _)| *step), Some(TWO));
    }

    #[test]
    fn with_enough_everybody_has_everything() {
        let wishes = [camera(0), camera(1)];
        let done = allocate(&wishes, Bitrate::from_kbps(4000));
        assert_eq!(done, Allocation { allotments: vec![TWO, TWO], whole: Bitrate::from_kbps(3400), next: None });
    }

    #[test]
    fn small_pictures_for_all_come_before_large_ones_for_some() {
        let wishes = [0, 1, 2, 3].map(camera);
        assert_eq!(kbps(&wishes, 650.0), [up_to(0, 2); 4]);
        assert_eq!(kbps(&wishes, 320.0), [up_to(0, 0); 4]);
        assert_eq!(
            kbps(&wishes, 170.0),
            [up_to(0, 0), up_to(0, 0), Allotment::Paused, Allotment::Paused],
            "who came first is paused last"
        );
        assert_eq!(kbps(&wishes, 40.0), [Allotment::Paused; 4]);
    }

    #[test]
    fn screens_then_speakers_then_the_rest_and_priority_among_equals() {
        let speaker = Wish { importance: Importance::Second, ..camera(1) };
        let screen = Wish { importance: Importance::First, ..camera(3) };
        let asked_for = Wish { priority: 5, ..camera(2) };
        let wishes = [camera(0), speaker, asked_for, screen];

        assert_eq!(kbps(&wishes, 80.0)[3], up_to(0, 0));
        assert_eq!(kbps(&wishes, 160.0)[1..], [up_to(0, 0), Allotment::Paused, up_to(0, 0)]);
        assert_eq!(kbps(&wishes, 240.0)[0], Allotment::Paused);
        let more = kbps(&wishes, 2000.0);
        assert_eq!((more[3], more[0]), (TWO, up_to(0, 0)));
    }

    #[test]
    fn no_more_is_given_than_was_asked_for_and_what_flows() {
        let small = Wish { max_layer: Layer::LOWEST, max_temporal: Temporal::new(1), ..camera(0) };
        let only_large = Wish {
            costs: [[Bitrate::ZERO; 3], [Bitrate::ZERO; 3], [Bitrate::from_kbps(1000); 3]],
            max_layer: Layer::new(1),
            ..camera(1)
        };
        let dark = Wish { costs: [[Bitrate::ZERO; 3]; 3], ..camera(2) };
        let done = allocate(&[small, only_large, dark], Bitrate::from_kbps(9000));
        assert_eq!(done.allotments, [up_to(0, 1), TWO, Allotment::EVERYTHING]);
        assert!((done.whole.bps() - 1_112_500.0).abs() < 1.0);
    }

    #[test]
    fn what_was_lowered_comes_back_only_with_room_to_spare() {
        let now = |wish: Wish, now| [Wish { now, ..wish }];
        let raised = |limit, before| kbps(&now(camera(0), before), limit)[0];
        assert_eq!(raised(510.0, up_to(0, 2)), up_to(0, 2));
        assert_eq!(raised(510.0, up_to(1, 2)), up_to(1, 2));
        assert_eq!(raised(580.0, up_to(0, 2)), up_to(1, 2));
        assert_eq!(raised(80.0, Allotment::Paused), Allotment::Paused);
        assert_eq!(raised(90.0, Allotment::Paused), up_to(0, 0));
    }

    #[test]
    fn the_next_step_is_told_with_its_margin() {
        let done = allocate(&[camera(0), camera(1)], Bitrate::from_kbps(400));
        assert_eq!(done.allotments, [up_to(0, 2), up_to(0, 2)]);
        assert!((done.next.unwrap().bps() - 650e3 * MARGIN).abs() < 1.0);
    }

    proptest! {
        /// Never more than there is; deciding again with the same bandwidth changes nothing.
        #[test]
        fn within_the_limit_and_stable(
            limit in 0u32..10_000,
            seeds in proptest::collection::vec((0u8..3, 0u32..3, 0u8..3, 0u8..3, 1f64..1000.0, any::<bool>()), 0..30)
        ) {
            let limit = Bitrate::from_kbps(limit);
            let mut wishes: Vec<Wish> = seeds.iter().enumerate().map(|(i, (class, priority, layer, temporal, kbps, simulcast))| {
                let importance = [Importance::First, Importance::Second, Importance::Third][usize::from(*class)];
                let one = [400.0, 700.0, 1000.0].map(|share| Bitrate::from_bps(kbps * share));
                let costs = if *simulcast { [one, one.map(|c| c * 3.0), one.map(|c| c * 9.0)] } else { [one, [Bitrate::ZERO; 3], [Bitrate::ZERO; 3]] };
                Wish { importance, priority: *priority, order: i as u64, costs, max_layer: Layer::new(*layer), max_temporal: Temporal::new(*temporal), now: Allotment::EVERYTHING }
            }).collect();
            let first = allocate(&wishes, limit);
            let cost_of = |wish: &Wish, allotment: Allotment| match allotment {
                Allotment::Paused => Bitrate::ZERO,
                Allotment::UpTo { layer, temporal } => wish.costs[layer.index()][temporal.index()],
            };
            let sum: Bitrate = wishes.iter().zip(&first.allotments).map(|(w, a)| cost_of(w, *a)).sum();
            prop_assert!(sum <= limit + Bitrate::from_bps(1.0));
            for (wish, allotment) in wishes.iter_mut().zip(&first.allotments) {
                wish.now = *allotment;
            }
            let second = allocate(&wishes, limit);
            for (wish, allotment) in wishes.iter_mut().zip(&second.allotments) {
                wish.now = *allotment;
            }
            prop_assert_eq!(allocate(&wishes, limit).allotments, second.allotments);
        }
    }
}
