//! What each of a client's videos gets of the bandwidth there is for them. Pure.
//!
//! First everybody's smallest picture, in order of importance, then better ones for the important, then for the rest.
//! What does not even get its smallest picture is paused. Sound is not in here: it is sent before any video and never
//! held back.

use crate::limits::{MAX_LAYERS, MAX_TEMPORAL_LAYERS};

/// Something better is given only when the bandwidth is this many times what it takes, or people would see it come and go.
const MARGIN: f64 = 1.15;

/// How much of a track is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allotment {
    Paused,
    /// At most this simulcast layer, and of it these temporal layers.
    UpTo {
        layer: u8,
        temporal: u8,
    },
}

impl Allotment {
    /// The highest temporal layer.
    pub const MOST_TEMPORAL: u8 = MAX_TEMPORAL_LAYERS as u8 - 1;
    pub const EVERYTHING: Self = Self::UpTo { layer: MAX_LAYERS as u8 - 1, temporal: Self::MOST_TEMPORAL };
}

/// How important a video is to who watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// A screen, or what the client gave a priority.
    First,
    /// Shown large, or of somebody who speaks.
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
    /// What each layer takes with its temporal layers up to each, in bits a second; 0: does not flow.
    pub costs: [[f64; MAX_TEMPORAL_LAYERS]; MAX_LAYERS],
    pub most: (u8, u8),
    pub now: Allotment,
}

/// A step of a wish: an allotment and what it takes.
type Step = (Allotment, f64);

/// What can be given, least first: the smallest layer with ever more pictures a second, then larger ones.
fn steps(wish: &Wish) -> Vec<Step> {
    let top = usize::from(wish.most.0).min(MAX_LAYERS - 1);
    let temporal = usize::from(wish.most.1).min(MAX_TEMPORAL_LAYERS - 1);
    let flows = |layer: &usize| wish.costs[*layer][MAX_TEMPORAL_LAYERS - 1] > 0.0;
    let mut layers: Vec<usize> = (0..=top).filter(flows).collect();
    // What is not there in the size asked for is forwarded in the next there is.
    if layers.is_empty() {
        layers.extend((top + 1..MAX_LAYERS).find(flows));
    }
    let mut steps: Vec<Step> = Vec::with_capacity(MAX_LAYERS + MAX_TEMPORAL_LAYERS);
    for (place, layer) in layers.into_iter().enumerate() {
        let from = if place == 0 { 0 } else { temporal };
        for t in from..=temporal {
            let cost = wish.costs[layer][t];
            // A layer without temporal ones costs the same whatever is asked of it.
            while steps.last().is_some_and(|(_, before)| cost <= *before) {
                steps.pop();
            }
            steps.push((Allotment::UpTo { layer: layer as u8, temporal: t as u8 }, cost));
        }
    }
    steps
}

/// What was decided for all wishes of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// In the order of the wishes.
    pub allotments: Vec<Allotment>,
    /// What all of it takes as wished, in bits a second.
    pub whole: f64,
    /// What it would take to give the next better thing, margin included; `None` when everybody has all.
    pub next: Option<f64>,
}

/// Share `limit` bits a second out among `wishes`.
pub fn allocate(wishes: &[Wish], limit: f64) -> Allocation {
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
        .min_by(f64::total_cmp)
        .map(|next| next * MARGIN);
    Allocation {
        allotments: chosen.iter().enumerate().map(|(i, c)| given(&ladders[i], *c)).collect(),
        whole: ladders.iter().filter_map(|l| l.last()).map(|(_, cost)| cost).sum(),
        next,
    }
}

/// Steps of each ladder that are given: 0 is none.
fn share(ladders: &[Vec<Step>], order: &[usize], wishes: &[Wish], limit: f64) -> Vec<usize> {
    let mut given = vec![0; ladders.len()];
    let mut left = limit;
    let mut raise = |i: usize, given: &mut Vec<usize>| {
        let ladder: &Vec<Step> = &ladders[i];
        let Some((_, next)) = ladder.get(given[i]) else {
            return false;
        };
        let more = next - cost(ladder, given[i]);
        if more > left {
            return false;
        }
        left -= more;
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
                // Who has nothing could not be given the least of it.
                raised |= given[*i] > 0 && raise(*i, &mut given);
            }
            if !raised {
                break;
            }
        }
    }
    given
}

fn cost(ladder: &[Step], given: usize) -> f64 {
    given.checked_sub(1).map_or(0.0, |at| ladder[at].1)
}

fn taken(ladders: &[Vec<Step>], given: &[usize]) -> f64 {
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

    const TWO: Allotment = Allotment::UpTo { layer: 2, temporal: 2 };

    fn up_to(layer: u8, temporal: u8) -> Allotment {
        Allotment::UpTo { layer, temporal }
    }

    /// A camera in three sizes, 150, 500 and 1700 kbit/s, half of it in the lowest temporal layer.
    fn camera(order: u64) -> Wish {
        let layer = |kbps: f64| [kbps * 500.0, kbps * 750.0, kbps * 1000.0];
        Wish {
            importance: Importance::Third,
            priority: 0,
            order,
            costs: [layer(150.0), layer(500.0), layer(1700.0)],
            most: (2, 2),
            now: Allotment::EVERYTHING,
        }
    }

    fn kbps(wishes: &[Wish], limit: f64) -> Vec<Allotment> {
        allocate(wishes, limit * 1000.0).allotments
    }

    #[test]
    fn a_step_up_never_costs_less() {
        let mut wish = camera(0);
        wish.costs[1] = [60e3, 80e3, 100e3];
        let steps = steps(&wish);
        assert!(steps.is_sorted_by(|(_, a), (_, b)| a < b), "{steps:?}");
        assert_eq!(steps.last().map(|(step, _)| *step), Some(TWO));
    }

    #[test]
    fn with_enough_everybody_has_everything() {
        let wishes = [camera(0), camera(1)];
        let done = allocate(&wishes, 4e6);
        assert_eq!(done, Allocation { allotments: vec![TWO, TWO], whole: 3.4e6, next: None });
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
        let small = Wish { most: (0, 1), ..camera(0) };
        let only_large = Wish { costs: [[0.0; 3], [0.0; 3], [1e6; 3]], most: (1, 2), ..camera(1) };
        let dark = Wish { costs: [[0.0; 3]; 3], ..camera(2) };
        let done = allocate(&[small, only_large, dark], 9e6);
        assert_eq!(done.allotments, [up_to(0, 1), TWO, Allotment::EVERYTHING]);
        assert!((done.whole - 1_112_500.0).abs() < 1.0);
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
        let done = allocate(&[camera(0), camera(1)], 400e3);
        assert_eq!(done.allotments, [up_to(0, 2), up_to(0, 2)]);
        assert!((done.next.unwrap() - 650e3 * MARGIN).abs() < 1.0);
    }

    proptest! {
        /// Never more than there is; deciding again with the same bandwidth changes nothing.
        #[test]
        fn within_the_limit_and_stable(
            limit in 0f64..1e7,
            seeds in proptest::collection::vec((0u8..3, 0u32..3, 0u8..3, 0u8..3, 1f64..1000.0, any::<bool>()), 0..30)
        ) {
            let mut wishes: Vec<Wish> = seeds.iter().enumerate().map(|(i, (class, priority, layer, temporal, kbps, simulcast))| {
                let importance = [Importance::First, Importance::Second, Importance::Third][usize::from(*class)];
                let one = [kbps * 400.0, kbps * 700.0, kbps * 1000.0];
                let costs = if *simulcast { [one, one.map(|c| c * 3.0), one.map(|c| c * 9.0)] } else { [one, [0.0; 3], [0.0; 3]] };
                Wish { importance, priority: *priority, order: i as u64, costs, most: (*layer, *temporal), now: Allotment::EVERYTHING }
            }).collect();
            let first = allocate(&wishes, limit);
            let cost_of = |wish: &Wish, allotment: Allotment| match allotment {
                Allotment::Paused => 0.0,
                Allotment::UpTo { layer, temporal } => wish.costs[usize::from(layer)][usize::from(temporal)],
            };
            let sum: f64 = wishes.iter().zip(&first.allotments).map(|(w, a)| cost_of(w, *a)).sum();
            prop_assert!(sum <= limit + 1.0);
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
